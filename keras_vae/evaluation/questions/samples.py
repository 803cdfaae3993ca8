"""Do samples and reconstructions look like the data?"""

import math
from functools import partial

import numpy as np

from keras_vae import plots
from keras_vae.evaluation.data_copying import data_copying
from keras_vae.evaluation.frechet import frechet_distance
from keras_vae.evaluation.kid import kernel_distance
from keras_vae.evaluation.measurement import Measurement
from keras_vae.evaluation.picture import Picture
from keras_vae.evaluation.prdc import PRDC, prdc
from keras_vae.evaluation.questions.left_out import left_out
from keras_vae.evaluation.result import Result
from keras_vae.evaluation.sharpness import sharpness
from keras_vae.evaluation.subject import Subject

QUESTION = "Do samples and reconstructions look like the data?"
BLURRED = 0.5
"""The share of the sharpness of the data below which images are called blurred: half of the power, -3 dB, is the usual
definition of the limit of a low-pass filter."""
NEIGHBOURS = 5
"""Of precision and recall."""
COPIED = 0.6
"""The share of samples nearer to training than to test examples above which samples count as copied: a fifth of them
beyond chance."""
NAMES = {
    "mse": ("reconstruction_mse", "per element", "lower"),
    "psnr": ("psnr", "dB", "higher"),
    "ssim": ("ssim", "", "near 1"),
    "sharpness": ("reconstruction_sharpness", "relative to test examples", "near 1: low values are blurred"),
}
"""Measure of reconstructions -> its name, unit and ideal."""


def samples(subject: Subject) -> Result:
    """Reconstruction errors; sharpness, distance, fidelity and diversity of samples; copies of training examples."""
    model, notes, measurements, verdict = subject.model, [], {}, []
    _add_reconstructions(subject, measurements)
    verdict.append(_about_error(subject, measurements))
    if "pca_mse" not in measurements:
        notes.append(
            "Not computed: the error of PCA, for comparison. It needs continuous latents, fewer than the values of an "
            "example, ten or more training examples, and no missing values."
        )
    pictures = {"reconstructions": _reconstructions(subject)}
    if model.prior is None:
        verdict += _about_sharpness(measurements)
        notes.append("Not computed: samples. The model has no prior; add one with `with_prior`.")
        return Result(QUESTION, measurements, tuple(verdict), tuple(notes), pictures)
    with left_out("the distances of samples", notes):
        subject.check_enough()
        verdict.append(_add_distances(subject, measurements))
        if subject.training_examples is None:
            notes.append(
                "Not computed: the Fréchet distance of training examples and copies of them, because none were given. "
                f"The features ({subject.feature_space.name}) are those of the test examples."
            )
    if "sharpness" in subject.reconstruction_quality:
        measurements["sample_sharpness"] = Measurement(
            _relative_sharpness(subject, sharpness(subject.samples)), *NAMES["sharpness"][1:]
        )
    verdict += _about_sharpness(measurements)
    if subject.training_examples is not None:
        with left_out("copies of training examples", notes):
            verdict += _add_copies(subject, measurements)
    drawn = model.sample(64, seed=subject.seed, condition=_conditions(subject, 64))
    pictures["samples"] = Picture(
        "Samples: decoded samples from the prior. They should look like data.",
        partial(plots.plot_samples, drawn),
    )
    return Result(QUESTION, measurements, tuple(verdict), tuple(notes), pictures)


def _add_reconstructions(subject: Subject, measurements: dict[str, Measurement]) -> None:
    """Adds each measure of the reconstructions, and after it that of PCA."""
    for kind, values in subject.reconstruction_quality.items():
        name, unit, ideal = NAMES[kind]
        mean = partial(_relative_sharpness, subject) if kind == "sharpness" else np.mean
        measurements[name] = Measurement(float(mean(values)), unit, ideal)
        if kind in subject.pca_quality:
            value = float(mean(subject.pca_quality[kind]))
            measurements[f"pca_{kind}"] = Measurement(value, unit, f"of {_name_of_pca(subject)}, for comparison")


def _relative_sharpness(subject: Subject, values: np.ndarray) -> float:
    return float(values.mean() / max(sharpness(subject.examples.x).mean(), np.finfo("float32").tiny))


def _about_error(subject: Subject, measurements: dict[str, Measurement]) -> str:
    """Compares the error of a reconstruction with that of PCA."""
    error, of_pca = measurements["reconstruction_mse"].value, measurements.get("pca_mse")
    unit = " in the squared units of the columns" if subject.table is not None else ""
    sentence = f"The mean squared error of a reconstruction is {error:.4g} per element{unit}"
    if of_pca is None or of_pca.value == 0:
        return f"{sentence}."
    sentence += f", {error / of_pca.value:.2f} times that of {_name_of_pca(subject)} ({of_pca.value:.4g})"
    if error <= of_pca.value:
        return f"{sentence}."
    ratios = subject.error_over_pca
    if ratios is not None and ratios[0] < 1:
        return f"{sentence}: a linear method reconstructs new examples better, though not those of the training."
    return (
        f"{sentence}: a linear method reconstructs better. Train for longer, use larger networks, or decrease the "
        "weight of the KL."
    )


def _name_of_pca(subject: Subject) -> str:
    components = 0 if subject.pca is None else len(subject.pca.directions)
    fewer = components < math.prod(subject.model.latent_shape)
    return f"PCA with {components} components{' (the training examples allow no more)' * fewer}"


def _about_sharpness(measurements: dict[str, Measurement]) -> list[str]:
    """Says whether reconstructions and samples are blurred; nothing for other data than images."""
    names = {
        "reconstruction_sharpness": "reconstructions",
        "sample_sharpness": "samples",
        "pca_sharpness": "reconstructions by PCA",
    }
    found = {title: measurements[name].value for name, title in names.items() if name in measurements}
    own = [title for title in ("reconstructions", "samples") if title in found]
    if not own:
        return []
    listed = ", ".join(f"{title} {value:.0%}" for title, value in found.items())
    blurred = [title for title in own if found[title] < BLURRED]
    rough = [title for title in own if found[title] > 1 / BLURRED]
    words = " and ".join(blurred or rough or own)
    what = "are blurred" if blurred else "are noisier than the data" if rough else "keep most of the fine detail"
    return [f"The {words} {what}. Mean squared Laplacian, relative to test examples: {listed}."]


def _add_copies(subject: Subject, measurements: dict[str, Measurement]) -> list[str]:
    """Adds the share of samples nearer to training examples; says whether samples are copies of them."""
    parts = [
        part.x[subject.some(len(part), len(subject.samples))]
        for part in (subject.training_examples, subject.examples)
        if part is not None
    ]
    found = data_copying(subject.samples, *parts, seed=subject.seed)
    measurements["nearer_to_training"] = Measurement(
        found.share,
        "of samples",
        "near 0.5: they are not nearer to training than to test examples",
        found.standard_error,
    )
    if found.share < COPIED or found.share < 0.5 + 3 * found.standard_error:
        return []
    return [
        f"The model has memorised training examples: {found.share:.0%} of the samples are nearer to one of them than "
        "to any of as many test examples (50% is expected of new examples)."
    ]


def _conditions(subject: Subject, n: int) -> np.ndarray | None:
    """The different conditions of the samples in turn; None for a model without conditions."""
    drawn = subject.drawn_condition
    if drawn is None:
        return None
    different = np.unique(drawn, axis=0)
    return different[subject.some(len(different), n)][np.arange(n) % min(n, len(different))]


def _reconstructions(subject: Subject) -> Picture:
    rows = np.random.default_rng(subject.seed).permutation(len(subject.examples))[:20]
    x, pca = subject.examples.x[rows], subject.pca
    reconstructed = subject.model.reconstruct(x, condition=subject.condition(subject.examples, rows))
    beside = {} if pca is None else {"baseline": pca.reconstruct(x), "baseline_name": "PCA"}
    return Picture(
        "Test examples, their reconstructions, and, for images, those by PCA with as many components."
        if beside
        else "Test examples (top) and their reconstructions (bottom).",
        partial(plots.plot_reconstructions, np.nan_to_num(subject.model.prepare(x).numpy()), reconstructed, **beside),
    )


def _add_distances(subject: Subject, measurements: dict[str, Measurement]) -> str:
    space = subject.feature_space
    real, fake, train = subject.test_features, subject.sample_features, subject.train_features
    ideal, beside, best = "near 0", "", None
    if train is not None:
        floor = frechet_distance(train, real)
        ideal, beside = f"near {floor:.3g}, the distance of training examples", f" (training examples: {floor:.3g})"
        if len(train) > NEIGHBOURS:
            best = prdc(real, train[subject.some(len(train), len(fake))], neighbours=NEIGHBOURS)
    distance = frechet_distance(fake, real)
    kernel = kernel_distance(fake, real, subset_size=min(1000, len(real), len(fake)), seed=subject.seed)
    shares = prdc(real, fake, neighbours=NEIGHBOURS)
    measurements["frechet_distance"] = Measurement(distance, f"squared, in {space.name}", ideal)
    measurements["kernel_distance"] = Measurement(kernel.value, "squared", "near 0", kernel.standard_error)
    for name, unit in {"precision": "of samples", "recall": "of data", "density": "", "coverage": "of data"}.items():
        ideal = "near 1" if best is None else f"near {getattr(best, name):.3g}, that of training examples"
        measurements[name] = Measurement(getattr(shares, name), unit, ideal)
    return (
        f"{_about_precision(shares, best, space.name)} The Fréchet distance to test examples is {distance:.3g}{beside}."
    )


def _about_precision(shares: PRDC, best: PRDC | None, space: str) -> str:
    """Precision and recall in words, beside those of training examples.

    Samples near the middle of the data are near to many examples. The precision of blurred samples may therefore exceed
    that of training examples.
    """
    beside = ["" if best is None else f" (training examples: {v:.0%})" for v in (best or shares)[:2]]
    words = (
        f"In {space}, {shares.precision:.0%} of the samples are as near to test examples as these are to each "
        f"other{beside[0]}, and {shares.recall:.0%} of the test examples are as near to samples{beside[1]}."
    )
    if best is None:
        return words
    if shares.precision < best.precision / 2:
        return f"{words} Most samples do not look like data."
    if shares.recall < best.recall / 2:
        return f"{words} The samples lack most of the variety of the data."
    return words

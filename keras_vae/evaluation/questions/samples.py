"""Do samples and reconstructions look like the data?"""

import math
from functools import partial

import numpy as np

from keras_vae import plots
from keras_vae.evaluation.frechet import frechet_distance
from keras_vae.evaluation.kid import kernel_distance
from keras_vae.evaluation.measurement import Measurement
from keras_vae.evaluation.picture import Picture
from keras_vae.evaluation.prdc import prdc
from keras_vae.evaluation.questions.left_out import left_out
from keras_vae.evaluation.result import Result
from keras_vae.evaluation.subject import Subject

QUESTION = "Do samples and reconstructions look like the data?"


def samples(subject: Subject) -> Result:
    """Reconstruction errors; distance, fidelity and diversity of samples in a feature space."""
    model, notes, measurements, verdict = subject.model, [], {}, []
    names = {"mse": ("reconstruction_mse", "per element", "lower"), "psnr": ("psnr", "dB", "higher")}
    for kind, values in subject.reconstruction_quality.items():
        name, unit, ideal = names.get(kind, (kind, "", "near 1"))
        measurements[name] = Measurement(float(values.mean()), unit, ideal)
    verdict.append(_about_error(subject, measurements))
    pictures = {"reconstructions": _reconstructions(subject)}
    if model.prior is None:
        notes.append("Not computed: samples. The model has no prior; add one with `with_prior`.")
        return Result(QUESTION, measurements, tuple(verdict), tuple(notes), pictures)
    with left_out("the distances of samples", notes):
        subject.check_enough()
        verdict.append(_add_distances(subject, measurements))
        if subject.training_examples is None:
            notes.append(
                "Not computed: the Fréchet distance of training examples, because none were given. The features "
                f"({subject.feature_space.name}) are those of the test examples."
            )
    drawn = model.sample(64, seed=subject.seed, condition=_conditions(subject, 64))
    pictures["samples"] = Picture(
        "Samples: decoded samples from the prior. They should look like data.",
        partial(plots.plot_samples, drawn),
    )
    return Result(QUESTION, measurements, tuple(verdict), tuple(notes), pictures)


def _about_error(subject: Subject, measurements: dict[str, Measurement]) -> str:
    """Adds the error of PCA, and compares the error of a reconstruction with it."""
    error, of_pca = measurements["reconstruction_mse"].value, subject.error_of_pca
    sentence = f"The mean squared error of a reconstruction is {error:.4g} per element"
    if of_pca is None or of_pca == 0:
        return f"{sentence}."
    latents = math.prod(subject.model.latent_shape)
    measurements["pca_mse"] = Measurement(of_pca, "per element", f"of PCA with {latents} components, for comparison")
    sentence += f", {error / of_pca:.2f} times that of PCA with {latents} components ({of_pca:.4g})"
    if error <= of_pca:
        return f"{sentence}."
    return (
        f"{sentence}: a linear method reconstructs better. Train for longer, use larger networks, or decrease the "
        "weight of the KL."
    )


def _conditions(subject: Subject, n: int) -> np.ndarray | None:
    """The different conditions of the samples in turn; None for a model without conditions."""
    drawn = subject.drawn_condition
    if drawn is None:
        return None
    different = np.unique(drawn, axis=0)
    return different[subject.some(len(different), n)][np.arange(n) % min(n, len(different))]


def _reconstructions(subject: Subject) -> Picture:
    rows = np.random.default_rng(subject.seed).permutation(len(subject.examples))[:20]
    x = subject.examples.x[rows]
    reconstructed = subject.model.reconstruct(x, condition=subject.condition(subject.examples, rows))
    return Picture(
        "Test examples (top) and their reconstructions (bottom).",
        partial(plots.plot_reconstructions, np.nan_to_num(subject.model.prepare(x).numpy()), reconstructed),
    )


def _add_distances(subject: Subject, measurements: dict[str, Measurement]) -> str:
    space = subject.feature_space
    real, fake, train = subject.test_features, subject.sample_features, subject.train_features
    ideal, beside = "near 0", ""
    if train is not None:
        floor = frechet_distance(train, real)
        ideal, beside = f"near {floor:.3g}, the distance of training examples", f" (training examples: {floor:.3g})"
    distance = frechet_distance(fake, real)
    kernel = kernel_distance(fake, real, subset_size=min(1000, len(real), len(fake)), seed=subject.seed)
    shares = prdc(real, fake)
    measurements["frechet_distance"] = Measurement(distance, f"squared, in {space.name}", ideal)
    measurements["kernel_distance"] = Measurement(kernel.value, "squared", "near 0", kernel.standard_error)
    measurements["precision"] = Measurement(shares.precision, "of samples", "near 1: samples look like data")
    measurements["recall"] = Measurement(shares.recall, "of data", "near 1: all kinds of data are generated")
    measurements["density"] = Measurement(shares.density, "", "near 1")
    measurements["coverage"] = Measurement(shares.coverage, "of data", "near 1")
    return (
        f"{shares.precision:.0%} of the samples look like data, and {shares.recall:.0%} of the data look like samples. "
        f"The Fréchet distance to test examples is {distance:.3g} in {space.name}{beside}."
    )

"""Do samples and reconstructions look like the data?"""

import numpy as np

from keras_vae import plots
from keras_vae.evaluation.answer import Answer, Measure
from keras_vae.evaluation.frechet import frechet_distance
from keras_vae.evaluation.kid import kernel_distance
from keras_vae.evaluation.prdc import prdc
from keras_vae.evaluation.questions.left_out import left_out
from keras_vae.evaluation.subject import Subject

QUESTION = "Do samples and reconstructions look like the data?"


def samples(subject: Subject) -> Answer:
    """Errors of reconstructions; distances, fidelity and diversity of samples in a stated feature space."""
    model, notes, measures, verdict, pictures = subject.model, [], {}, [], {}
    told = {"mse": ("reconstruction_mse", "per element", "lower"), "psnr": ("psnr", "dB", "higher")}
    for kind, values in subject.reconstruction_quality.items():
        name, unit, good = told.get(kind, (kind, "", "near 1"))
        measures[name] = Measure(float(values.mean()), unit, good)
    if model.prior is None:
        notes.append("Left out, samples: the model has no prior; give it one with `with_prior`.")
        return Answer(QUESTION, measures, tuple(verdict), tuple(notes))
    with left_out("distances of samples", notes):
        verdict.append(_add_distances(subject, measures))
    labels = subject.drawn_condition
    shown = model.sample(64, seed=subject.seed, condition=None if labels is None else np.resize(np.unique(labels), 64))
    pictures["Does the model generate? Codes drawn from the prior, decoded. They should look like data."] = (
        plots.plot_samples(shown)
    )
    return Answer(QUESTION, measures, tuple(verdict), tuple(notes), pictures)


def _add_distances(subject: Subject, measures: dict[str, Measure]) -> str:
    space = subject.feature_space
    real, fake, known = subject.test_features, subject.sample_features, subject.train_features
    floor = frechet_distance(known, real)
    distance = frechet_distance(fake, real)
    kernel = kernel_distance(fake, real, subset_size=min(1000, len(real), len(fake)), seed=subject.seed)
    found = prdc(real, fake)
    measures["frechet_distance"] = Measure(
        distance, f"squared, in {space.name}", f"near {floor:.3g}, that of training examples"
    )
    measures["kernel_distance"] = Measure(kernel.value, "squared", "near 0", kernel.standard_error)
    measures["precision"] = Measure(found.precision, "of samples", "near 1: samples look like data")
    measures["recall"] = Measure(found.recall, "of data", "near 1: nothing of the data is missing")
    measures["density"] = Measure(found.density, "", "near 1")
    measures["coverage"] = Measure(found.coverage, "of data", "near 1")
    return (
        f"{found.precision:.0%} of samples look like data, and {found.recall:.0%} of the data are within reach of "
        f"samples. Seen in {space.name}, the Frechet distance to test examples is {distance:.3g} (that of training "
        f"examples: {floor:.3g})."
    )

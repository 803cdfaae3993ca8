"""Is the latent space continuous: do neighbours decode alike?"""

import numpy as np

from keras_vae import plots
from keras_vae.evaluation.answer import Answer, Measure
from keras_vae.evaluation.line_walks import line_walks
from keras_vae.evaluation.lipschitz import decoder_lipschitz
from keras_vae.evaluation.mid_points import mid_points
from keras_vae.evaluation.path_length import path_lengths
from keras_vae.evaluation.prdc import prdc
from keras_vae.evaluation.questions.left_out import left_out
from keras_vae.evaluation.subject import Subject

QUESTION = "Is the latent space continuous: do neighbours decode alike?"


def continuity(subject: Subject) -> Answer:
    """Walks between test examples, their mid-points, and how fast the decoder changes."""
    model, notes = subject.model, []
    if model.posterior.support != "real":
        notes.append(f"Left out: codes lie on {model.posterior.support!r}, where there are no straight lines.")
        return Answer(QUESTION, {}, notes=tuple(notes))
    starts, ends = subject.pairs
    x = subject.seen.x
    condition = subject.condition(subject.seen, starts)
    measures, verdict, pictures = {}, [], {}

    ratio = None
    with left_out("mid-points", notes):
        middle = mid_points(model, x[starts], x[ends], condition=condition)
        own = max(float(subject.reconstruction_quality["mse"].mean()), np.finfo("float32").tiny)
        ratio, error = float(middle.error.mean()) / own, float(middle.error.std()) / own / np.sqrt(len(starts))
        measures["mid_point_error"] = Measure(
            ratio, "of the error of test examples", "below 1: the model knows what lies between", float(error)
        )
        measures["mid_point_drift"] = Measure(
            float(middle.drift.mean()), "of the distance between codes", "near 0: its code is where it came from"
        )
    with left_out("distances in features", notes):
        space = subject.feature_space
        walks = path_lengths(model, x[starts], x[ends], features=space, condition=condition)
        measures["path_length"] = Measure(walks.path_length, f"squared, in {space.name}", "lower, for the same data")
        measures["unevenness"] = Measure(walks.unevenness, "longest over mean step", "near 1; 16 is a jump")
        measures["detour"] = Measure(walks.detour, "length over distance of the ends", "near 1")
        caption = "How far does each step of a walk between test examples go? Even is good, spikes are jumps."
        pictures[caption] = plots.plot_path_lengths(walks.steps, distance_name=f"distance in {space.name}")
        if ratio is not None:
            between = prdc(subject.train_features, space(middle.examples))
            measures["mid_point_density"] = Measure(between.density, "", "near that of test examples, 1 or more")
            measures["test_density"] = Measure(prdc(subject.train_features, subject.test_features).density)
    with left_out("the stretch of the decoder", notes):
        _add_stretch(subject, measures)
    if subject.data_name == "lines":
        lines = line_walks(model, pairs=subject.budget.pairs, seed=subject.seed)
        measures["lines_mean_distance"] = Measure(lines.mean_distance, "cosine distance", "near 0")
        measures["lines_smoothness"] = Measure(lines.smoothness, "", "near 0")
    verdict += _in_words(ratio, measures.get("unevenness"))
    return Answer(QUESTION, measures, tuple(verdict), tuple(notes), pictures)


def _add_stretch(subject: Subject, measures: dict[str, Measure]) -> None:
    model = subject.model
    rows = np.random.default_rng(subject.seed).permutation(len(subject.seen))[: subject.budget.codes]
    stretch = decoder_lipschitz(
        model,
        subject.means[rows].reshape(-1, *model.latent_shape),
        condition=subject.condition(subject.seen, rows),
        seed=subject.seed,
    )
    stretch *= np.sqrt(subject.means.var(axis=0).mean())
    unit = "units of x for a step of one standard deviation of the codes"
    measures["lipschitz_median"] = Measure(float(np.median(stretch)), unit, "lower")
    measures["lipschitz_largest"] = Measure(float(stretch.max()), unit, "near the median")


def _in_words(ratio: float | None, unevenness: Measure | None) -> list[str]:
    said = []
    if unevenness is not None:
        even = "evenly" if unevenness.value < 2 else "unevenly" if unevenness.value < 4 else "in jumps"
        said.append(f"Walks between examples go {even}: the longest step is {unevenness.value:.1f} times the mean.")
    if ratio is not None and ratio > 1.5:
        said.append(
            f"What lies half-way between two examples is strange to the model ({ratio:.1f} times the error of data)."
        )
    elif ratio is not None:
        said.append("What lies half-way between two examples is as familiar to the model as data are.")
    return said

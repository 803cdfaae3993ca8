"""Is the latent space continuous: do nearby latents decode to similar examples?"""

from functools import partial

import numpy as np

from keras_vae import plots
from keras_vae.evaluation.line_walks import line_walks
from keras_vae.evaluation.lipschitz import decoder_lipschitz
from keras_vae.evaluation.measurement import Measurement
from keras_vae.evaluation.mid_points import mid_points
from keras_vae.evaluation.path_length import path_lengths
from keras_vae.evaluation.picture import Picture
from keras_vae.evaluation.prdc import prdc
from keras_vae.evaluation.questions.left_out import left_out
from keras_vae.evaluation.result import Result
from keras_vae.evaluation.subject import FEWEST, Subject

QUESTION = "Is the latent space continuous: do nearby latents decode to similar examples?"
ALIKE = "This cannot be judged: the decoder ignores the latents, so that all of them decode alike."


def continuity(subject: Subject) -> Result:
    """Interpolations between test examples, their mid-points, and the Lipschitz constant of the decoder."""
    model, notes = subject.model, []
    if len(subject.examples) < 2:
        return Result(QUESTION, {}, notes=("Not computed: expected 2 or more test examples.",))
    starts, ends = subject.pairs
    pictures = {"interpolation": _interpolation(subject)} if len(starts) else {}
    if model.posterior.support != "real":
        notes.append(f"Not computed: interpolation needs real latents; their support is {model.posterior.support!r}.")
        return Result(QUESTION, {}, notes=tuple(notes), pictures=pictures)
    if len(subject.examples) < FEWEST or not len(starts):
        notes.append(f"Not computed: expected {FEWEST} or more test examples, two of them with the same condition.")
        return Result(QUESTION, {}, notes=tuple(notes), pictures=pictures)
    x = subject.examples.x
    condition = subject.condition(subject.examples, starts)
    measurements = {}

    ratio = None
    with left_out("the mid-points", notes):
        middle = mid_points(model, x[starts], x[ends], condition=condition)
        own = max(float(subject.reconstruction_quality["mse"].mean()), float(np.finfo("float32").tiny))
        ratio, error = float(middle.error.mean()) / own, float(middle.error.std()) / own / np.sqrt(len(starts))
        measurements["mid_point_error"] = Measurement(
            ratio,
            "relative to test examples",
            "1 or less: the model reconstructs mid-points as well as data",
            float(error),
        )
        measurements["mid_point_drift"] = Measurement(
            float(middle.drift.mean()),
            "relative to the distance of the ends",
            "near 0: encoding the mid-point returns it",
        )
    with left_out("the path lengths", notes):
        space = subject.feature_space
        paths = path_lengths(model, x[starts], x[ends], features=space, condition=condition)
        measurements["path_length"] = Measurement(
            paths.path_length, f"squared, in {space.name}", "lower; compare only models of the same data"
        )
        measurements["unevenness"] = Measurement(paths.unevenness, "longest step / mean step", "near 1; 16 is a jump")
        measurements["detour"] = Measurement(paths.detour, "path length / distance of the ends", "near 1")
        pictures["path_lengths"] = Picture(
            "How long is each step of an interpolation between test examples? Equal steps are ideal; peaks are jumps.",
            partial(plots.plot_path_lengths, paths.steps, distance_name=f"distance in {space.name}"),
        )
        if ratio is not None and subject.train_features is not None:
            between = prdc(subject.train_features, space(middle.examples))
            measurements["mid_point_density"] = Measurement(
                between.density, "", "near the density of test examples, or 1 or more"
            )
            measurements["test_density"] = Measurement(prdc(subject.train_features, subject.test_features).density)
    if subject.train is None:
        notes.append(
            "Not computed: the density of mid-points among training examples, because no training examples were given."
        )
    with left_out("the Lipschitz constant of the decoder", notes):
        _add_lipschitz(subject, measurements)
    if subject.data_name == "lines":
        lines = line_walks(model, pairs=subject.budget.pairs, seed=subject.seed)
        measurements["lines_mean_distance"] = Measurement(lines.mean_distance, "cosine distance", "near 0")
        measurements["lines_smoothness"] = Measurement(lines.smoothness, "", "near 0")
    verdict = [ALIKE] if subject.latent_use.all_alike else _in_words(ratio, measurements.get("unevenness"))
    return Result(QUESTION, measurements, tuple(verdict), tuple(notes), pictures)


def _interpolation(subject: Subject) -> Picture:
    model, (starts, ends) = subject.model, (rows[:5] for rows in subject.pairs)
    x = subject.examples.x
    between = model.interpolate(x[starts], x[ends], condition=subject.condition(subject.examples, starts))
    endpoints = tuple(np.nan_to_num(model.prepare(x[rows]).numpy()) for rows in (starts, ends))
    return Picture(
        "Interpolations between two test examples. Each step should look like data.",
        partial(plots.plot_interpolation, between, endpoints=endpoints),
    )


def _add_lipschitz(subject: Subject, measurements: dict[str, Measurement]) -> None:
    model = subject.model
    rows = np.random.default_rng(subject.seed).permutation(len(subject.examples))[: subject.budget.codes]
    stretch = decoder_lipschitz(
        model,
        subject.means[rows].reshape(-1, *model.latent_shape),
        condition=subject.condition(subject.examples, rows),
        seed=subject.seed,
    )
    stretch *= np.sqrt(subject.means.var(axis=0).mean())
    unit = "change of x per standard deviation of the latents"
    measurements["lipschitz_median"] = Measurement(float(np.median(stretch)), unit, "lower")
    measurements["lipschitz_largest"] = Measurement(float(stretch.max()), unit, "near the median")


def _in_words(ratio: float | None, unevenness: Measurement | None) -> list[str]:
    verdict = []
    if unevenness is not None:
        even = "even" if unevenness.value < 2 else "uneven" if unevenness.value < 4 else "abrupt"
        verdict.append(
            f"Interpolations between examples are {even}: the longest step is {unevenness.value:.1f} times the mean."
        )
    if ratio is not None and ratio > 1.5:
        verdict.append(
            "The model reconstructs mid-points between two examples worse than data: their error is "
            f"{ratio:.1f} times as large."
        )
    elif ratio is not None:
        verdict.append("The model reconstructs mid-points between two examples about as well as data, or better.")
    return verdict

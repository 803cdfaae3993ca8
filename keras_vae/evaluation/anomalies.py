"""Scores that tell how strange examples are to a model, beside reference examples."""

import math
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Any

import numpy as np
import tensorflow as tf

from keras_vae.checks import check_integer, check_seed, is_image
from keras_vae.data import LazyArray, Split
from keras_vae.errors import InvalidInputError, unknown
from keras_vae.evaluation.anomaly_measurements import measure
from keras_vae.evaluation.arrays import NUMBERS, scaled
from keras_vae.evaluation.examples import Examples, read_examples
from keras_vae.evaluation.neighbours import NeighbourDistance
from keras_vae.models import Autoencoder
from keras_vae.progress import progress

ANOMALY_SCORES = {
    "combined": "mean of the three distances below, in standard deviations of the reference",
    "score_distance": "distance to the nearest reference examples in the scores of the model",
    "code_distance": "distance to the nearest reference examples in the posterior means",
    "feature_distance": "distance to the nearest reference examples in statistics of the image, or in the values",
    "negative_elbo": "-ELBO in nats; -log p(x | z) for a model without an ELBO",
    "error": "mean squared error of the reconstruction",
    "patch_error": "largest mean squared error of a patch of an image, or of one value",
    "kl": "KL(q(z | x) || p(z)) in nats",
    "complexity": "-ELBO in bits, minus the length of the image as PNG in bits",
    "typicality": "distance of -ELBO from its mean over the calibration examples, in nats",
}
"""The name and the meaning of each score. More is stranger."""
P_VALUE = "p_value"
DISTANCES = ("score_distance", "code_distance", "feature_distance")
MOST_REFERENCE = 5000
SHARE = 0.2
"""The share of the reference that is set aside for calibration, unless calibration examples are given."""
LEVELS = 256


class AnomalyScorer:
    """Scores examples by how unlike the reference examples they are; more is stranger.

    No single score finds all oddities: a blank image has a high likelihood, and noise has codes like any other. The
    score `combined` is therefore the mean of the distances to the nearest reference examples in three spaces: the
    scores of the model (-ELBO, error, largest patch error, KL, length as PNG), the posterior means, and simple
    statistics of the image (of other examples the values themselves). It is two-sided: too easy is strange, too.

        combined(x) = 1/3 sum_s (log d_s(x) - mean_r log d_s(r)) / std_r log d_s(r)

    where d_s(x) is the mean distance to the five nearest reference examples r in space s, see `NeighbourDistance`. The
    other scores are those of the literature, see `ANOMALY_SCORES`. A model without a KL, and examples that are no
    images, have fewer of them.

    The calibration examples, which the model and the reference have not seen, give the scores a meaning: see `shares`
    and `threshold`.

    Args:
        model: a trained model.
        reference: usual examples: an array, a `LazyArray`, a pair `(x, y)` or a `Split`; at most 5000 are used,
            at equal distances.
        calibration: other usual examples, such as the validation part. None sets a fifth of the reference aside.
        neighbours: number of nearest reference examples.
        seed: seed of the samples of z, and of the selection of calibration examples.
        verbose: 1 shows the progress.

    Raises:
        InvalidInputError: if the examples cannot be used, or if there are too few.

    References:
        Sun et al., 2022, Out-of-distribution detection with deep nearest neighbors, https://arxiv.org/abs/2204.06507
        Serra et al., 2020, Input complexity and out-of-distribution detection with likelihood-based generative models,
        https://arxiv.org/abs/1909.11480
        Nalisnick et al., 2019, Detecting out-of-distribution inputs to deep generative models using typicality,
        https://arxiv.org/abs/1906.02994

    Example:

    >>> usual = np.random.default_rng(0).random((60, 8, 8, 1)).astype("float32")
    >>> scorer = AnomalyScorer(zoo.vae((8, 8, 1), 2, units=(8,), seed=0), usual)
    >>> scores = scorer(np.concatenate([usual[:2], np.ones((1, 8, 8, 1))]))
    >>> int(scores["combined"].argmax()), scorer.shares("combined", scores["combined"]).shape
    (2, (3,))
    """

    part = "reference"
    """The name of the reference in messages."""

    def __init__(
        self,
        model: Autoencoder,
        reference: Any,
        calibration: Any = None,
        *,
        neighbours: int = 5,
        seed: int = 0,
        verbose: int = 0,
    ):
        self.model, self.seed, self.verbose = model, check_seed(seed), verbose
        neighbours = check_integer("neighbours", neighbours)
        known = read_examples(model, _few(reference), part=self.part)
        if calibration is None:
            order = np.random.default_rng(seed).permutation(len(known))
            count = max(1, round(SHARE * len(known)))
            known, held = known[order[count:]], known[order[:count]]
        else:
            held = read_examples(model, _few(calibration), part="calibration")
        if len(known) <= neighbours:
            others = "" if calibration is not None else f" besides the {SHARE:.0%} for calibration"
            raise InvalidInputError(
                f"{self.part}: expected more than {neighbours} examples{others}, got {len(known)}; give more."
            )
        self.reference_size, self.calibration_size = len(known), len(held)
        self._units = None if is_image(model.event_shape) else tf.constant(_deviations(scaled(known.x)), tf.float32)
        measured = self._graph(self.measure)
        values = _joined(self._of_batches(measured, known, "Scoring the reference"))
        noise = np.sqrt(np.mean(values.pop("code_variance", 0.0 * values["codes"]), axis=0))
        units = {"code_distance": noise} if (noise > 0).all() else {}
        self._distances = {
            name: NeighbourDistance(rows.numpy(), neighbours, units=units.get(name))
            for name, rows in self._spaces(values).items()
        }
        values = _joined(self._of_batches(measured, held, "Scoring the calibration examples"))
        self._mean = float(np.mean(values["negative_elbo"]))
        self._calibration = {name: np.sort(scores) for name, scores in self._scored(values).items()}
        lost = [name for name, scores in self._calibration.items() if not np.isfinite(scores).all()]
        if lost:
            raise InvalidInputError(
                f"{model.name}: expected finite scores of the calibration examples, got NaN or infinity for {lost[0]}; "
                "check the training of the model."
            )

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the scores, `"combined"` first."""
        return tuple(self._calibration)

    def __call__(self, x: Any, y: Any = None) -> dict[str, np.ndarray]:
        """Returns the scores of examples by name, float32 `(N,)` each, see `ANOMALY_SCORES`.

        Args:
            x: examples `(N, *event_shape)`, or a `LazyArray`, which is read in parts.
            y: conditions of the examples, for a conditional model.

        Raises:
            InvalidInputError: if the examples cannot be used.
        """
        found = _joined(self._of_batches(self._graph_of_tensors, Examples(x, y), "Scoring"))
        return {name: scores.numpy() for name, scores in found.items()}

    def shares(self, name: str, scores: np.ndarray) -> np.ndarray:
        """Returns (1 + the number of calibration examples with at least this score) / (1 + their number), `(N,)`.

        For an example like those of the calibration, this is a p-value: at most a share of 1% have 0.01 or less.

        Args:
            name: name of a score in `ANOMALY_SCORES`.
            scores: scores of N examples, `(N,)`.

        Raises:
            InvalidInputError: for an unknown score.
        """
        return self._p_values(name, tf.constant(scores, tf.float32)).numpy()

    def threshold(self, name: str, quantile: float = 0.99) -> float:
        """Returns the score that a share of the calibration examples does not exceed.

        Args:
            name: name of a score in `ANOMALY_SCORES`.
            quantile: the share, in (0, 1).

        Raises:
            InvalidInputError: if the share is out of range, or for an unknown score.
        """
        if not 0 < quantile < 1:
            raise InvalidInputError(f"quantile: expected a number between 0 and 1, got {quantile!r}; such as 0.99.")
        return float(np.quantile(self._values(name), quantile, method="higher"))

    def answer(
        self, x: tf.Tensor, y: Any = None, *, name: str = "combined", quantile: float = 0.99
    ) -> dict[str, tf.Tensor]:
        """Returns the scores, their p-values and whether one exceeds the threshold, `(B,)` each; works in a graph.

        The p-value of the score `name` is `p_value`, those of the others are `p_value_kl`, `p_value_error`, ...

        Args:
            x: valid float32 examples `(B, *event_shape)`.
            y: their conditions, for a conditional model.
            name: the score of `p_value`, see `shares`, and of `is_anomaly`.
            quantile: see `threshold`.
        """
        scores = self.tensors(x, y)
        strange = scores[name] > self.threshold(name, quantile)
        p_values = {p_value_of(each, name): self._p_values(each, values) for each, values in scores.items()}
        return {**scores, **p_values, "is_anomaly": strange}

    def tensors(self, x: tf.Tensor, y: Any = None) -> dict[str, tf.Tensor]:
        """Returns the scores of a batch `(B, *event_shape)` by name, `(B,)` each, as tensors; see `answer`."""
        return self._scored(self.measure(x, y))

    def measure(self, x: tf.Tensor, y: Any = None) -> dict[str, tf.Tensor]:
        """Returns the measurements of a batch `(B, *event_shape)` behind the scores, `(B, ...)` each."""
        return measure(self.model, x, y, seed=self.seed, units=self._units)

    @property
    def _has_condition(self):
        return self.model.condition is not None and not self.model.infers_condition

    @cached_property
    def _graph_of_tensors(self):
        return self._graph(self.tensors)

    def _graph(self, method):
        inputs = [tf.TensorSpec((None, *self.model.event_shape), tf.float32)]
        if self._has_condition:
            example = self.model.required_condition.example(1)
            inputs.append(tf.TensorSpec((None, *example.shape[1:]), example.dtype))
        return tf.function(method, autograph=False).get_concrete_function(*inputs)

    def _values(self, name):
        if name not in self._calibration:
            raise InvalidInputError(unknown(name, self.names, part="score"))
        return self._calibration[name]

    def _p_values(self, name, scores):
        values = self._values(name)
        above = len(values) - tf.searchsorted(tf.constant(values), scores)
        return tf.cast(1 + above, tf.float32) / (1 + len(values))

    def _of_batches(self, function, examples, what) -> Iterator[dict[str, tf.Tensor]]:
        """Yields the outputs of a function for the examples of one batch after the other."""
        model, (x, y) = self.model, (examples.x, examples.y)
        y = y if self._has_condition else None
        batch = max(1, min(model.batch_size_for(), NUMBERS // MOST_REFERENCE))
        for rows in progress(range(0, len(x), batch), -(-len(x) // batch), what, verbose=self.verbose):
            part = np.asarray(x[rows : rows + batch])
            checked = read_examples(model, part if y is None else (part, y[rows : rows + batch]))
            yield function(model.prepare(checked.x), *(() if y is None else (checked.y,)))

    def _spaces(self, values) -> dict[str, tf.Tensor]:
        """Returns the features of each distance."""
        tiny = np.finfo("float32").tiny
        columns = [values["negative_elbo"], tf.math.log(values["error"] + tiny)]
        columns.append(tf.math.log(values["patch_error"] + tiny))
        columns += [tf.math.log1p(tf.maximum(values["kl"], 0.0))] if "kl" in values else []
        columns += [tf.math.log(values["png_bits"])] if "png_bits" in values else []
        return dict(zip(DISTANCES, (tf.stack(columns, axis=1), values["codes"], values["features"]), strict=True))

    def _scored(self, values) -> dict[str, tf.Tensor]:
        distances = {name: self._distances[name](rows) for name, rows in self._spaces(values).items()}
        scores = {"combined": tf.reduce_mean([*distances.values()], axis=0), **distances}
        scores |= {name: values[name] for name in ("negative_elbo", "error", "patch_error", "kl") if name in values}
        if "png_bits" in values:
            values_bits = math.log2(LEVELS) * math.prod(self.model.event_shape)  # per level, not per range of [0, 1]
            scores["complexity"] = values["negative_elbo"] / math.log(2) + values_bits - values["png_bits"]
        scores["typicality"] = tf.abs(values["negative_elbo"] - self._mean)
        return {name: scores[name] for name in ANOMALY_SCORES if name in scores}


def p_value_of(score: str, main: str = "combined") -> str:
    """Returns the name of the p-value of a score, beside those of other scores.

    Args:
        score: the score.
        main: the score whose p-value has no score in its name.

    Example:

    >>> p_value_of("combined"), p_value_of("kl")
    ('p_value', 'p_value_kl')
    """
    return P_VALUE if score == main else f"{P_VALUE}_{score}"


def anomaly_scores(
    model: Autoencoder,
    x: Any,
    *,
    reference: Any,
    calibration: Any = None,
    y: Any = None,
    seed: int = 0,
    verbose: int = 0,
) -> dict[str, np.ndarray]:
    """Scores how strange examples are, see `AnomalyScorer`, which also gives thresholds.

    Args:
        model: a trained model.
        x: examples `(N, *event_shape)`, or a `LazyArray`, which is read in parts.
        reference: usual examples, such as those of training.
        calibration: other usual examples. None sets a fifth of the reference aside.
        y: conditions of the examples, for a conditional model.
        seed: seed of the samples of z.
        verbose: 1 shows the progress.

    Returns:
        The scores by name, `(N,)` each, `"combined"` first; more is stranger.

    Raises:
        InvalidInputError: if the examples cannot be used, or if there are too few reference examples.

    Example:

    >>> usual = np.random.default_rng(0).random((60, 4)).astype("float32")
    >>> model = zoo.vae((4,), 2, likelihood="normal", units=(8,), seed=0)
    >>> scores = anomaly_scores(model, [[0.5, 0.4, 0.6, 0.5], [9, 9, 9, 9]], reference=usual)
    >>> bool(scores["combined"][0] < scores["combined"][1])
    True
    """
    scorer = AnomalyScorer(model, reference, calibration, seed=seed, verbose=verbose)
    return scorer(np.asarray(x) if isinstance(x, list) else x, y)


def _few(data: Any) -> Any:
    """Returns at most `MOST_REFERENCE` examples, at equal distances."""
    if isinstance(data, LazyArray):
        data = Split(data)
    length = len(data[0]) if isinstance(data, tuple) else len(data)
    rows = np.linspace(0, length - 1, min(length, MOST_REFERENCE)).astype(int)
    if isinstance(data, Split):
        return data[rows].in_memory()
    return tuple(np.asarray(part)[rows] for part in data) if isinstance(data, tuple) else np.asarray(data)[rows]


def _joined(batches: Iterable[dict[str, tf.Tensor]]) -> dict[str, tf.Tensor]:
    found = list(batches)
    return {name: tf.concat([one[name] for one in found], axis=0) for name in found[0]}


def _deviations(x: np.ndarray) -> np.ndarray:
    """Returns the standard deviation of each value, in the shape of an example; 1 for a constant value."""
    deviations = np.nanstd(x, axis=0)
    return np.where(deviations > 0, deviations, 1.0)

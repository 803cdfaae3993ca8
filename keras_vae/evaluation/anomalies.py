"""Scores that tell how strange examples are to a model, beside reference examples."""

import io
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import tensorflow as tf
from scipy.ndimage import uniform_filter

from keras_vae.checks import check_integer, check_seed, is_image
from keras_vae.data import LazyArray, Split
from keras_vae.errors import InvalidInputError, unknown
from keras_vae.evaluation.arrays import scaled
from keras_vae.evaluation.examples import Examples, read_examples
from keras_vae.evaluation.image_statistics import ImageStatistics
from keras_vae.evaluation.latent import condition_of
from keras_vae.evaluation.neighbours import NeighbourDistance
from keras_vae.models import Autoencoder
from keras_vae.progress import progress
from keras_vae.random import as_seed

ANOMALY_SCORES = {
    "combined": "mean of the three distances below, in standard deviations of the reference",
    "score_distance": "distance to the nearest reference examples in the scores of the model",
    "code_distance": "distance to the nearest reference examples in the posterior means",
    "feature_distance": "distance to the nearest reference examples in statistics of the image, or in the values",
    "negative_elbo": "-ELBO in nats; -log p(x | z) for a model without an ELBO",
    "error": "mean squared error of the reconstruction",
    "patch_error": "largest squared error of a patch of an image, or of one value",
    "kl": "KL(q(z | x) || p(z)) in nats",
    "complexity": "-ELBO in bits, minus the length of the image as PNG in bits",
    "typicality": "distance of -ELBO from its mean over the calibration examples, in nats",
}
"""The name and the meaning of each score. More is stranger."""
DISTANCES = ("score_distance", "code_distance", "feature_distance")
MOST_REFERENCE = 5000
SHARE = 0.2
"""The share of the reference that is set aside for calibration, unless calibration examples are given."""
PATCHES = 8
"""The side of a patch is the side of the image, divided by this number."""
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
        self._is_image = is_image(model.event_shape)
        self._terms = tf.function(self._terms_of, autograph=False, reduce_retracing=True)
        known = read_examples(model, _few(reference), part="reference")
        neighbours = check_integer("neighbours", neighbours)
        if calibration is None:
            order = np.random.default_rng(seed).permutation(len(known))
            count = max(1, round(SHARE * len(known)))
            known, held = known[order[count:]], known[order[:count]]
        else:
            held = read_examples(model, _few(calibration), part="calibration")
        self._scales: Any = 1.0
        if not self._is_image:
            deviations = np.nanstd(scaled(known.x), axis=0)
            self._scales = np.where(deviations > 0, deviations, 1.0)
        spaces = self._spaces(_joined(self._measured(known.x, known.y, "Scoring the reference")))
        self._distances = {name: NeighbourDistance(rows, neighbours) for name, rows in spaces.items()}
        values = _joined(self._measured(held.x, held.y, "Scoring the calibration examples"))
        self._mean = float(values["negative_elbo"].mean())
        self._calibration = {name: np.sort(scores) for name, scores in self._scored(values).items()}

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the scores, `"combined"` first."""
        return tuple(self._calibration)

    def __call__(self, x: Any, y: Any = None) -> dict[str, np.ndarray]:
        """Returns the scores of examples by name, `(N,)` each, see `ANOMALY_SCORES`.

        Args:
            x: examples `(N, *event_shape)`, or a `LazyArray`, which is read in parts.
            y: conditions of the examples, for a conditional model.

        Raises:
            InvalidInputError: if the examples cannot be used.
        """
        return _joined(self._scored(values) for values in self._measured(x, y, "Scoring"))

    def shares(self, name: str, scores: np.ndarray) -> np.ndarray:
        """Returns (1 + the number of calibration examples with at least this score) / (1 + their number), `(N,)`.

        For an example like those of the calibration, this is a p-value: at most a share of 1% have 0.01 or less.
        """
        values = self._values(name)
        return (1 + len(values) - np.searchsorted(values, scores)) / (1 + len(values))

    def threshold(self, name: str, quantile: float = 0.99) -> float:
        """Returns the score that this share of the calibration examples does not exceed."""
        if not 0 < quantile < 1:
            raise InvalidInputError(f"quantile: expected a number between 0 and 1, got {quantile!r}; such as 0.99.")
        return float(np.quantile(self._values(name), quantile, method="higher"))

    def _values(self, name):
        if name not in self._calibration:
            raise InvalidInputError(unknown(name, self.names, part="score"))
        return self._calibration[name]

    def _measured(self, x, y, what) -> Iterator[dict[str, np.ndarray]]:
        """Yields the measurements of the examples of one batch after the other."""
        batch = self.model.batch_size_for()
        for rows in progress(range(0, len(x), batch), -(-len(x) // batch), what, verbose=self.verbose):
            part = np.asarray(x[rows : rows + batch])
            examples = read_examples(self.model, part if y is None else (part, y[rows : rows + batch]))
            yield self._measure(examples)

    def _measure(self, examples: Examples) -> dict[str, np.ndarray]:
        model, x = self.model, examples.x
        condition = model.inferred_conditions(x, condition_of(model, examples.y))
        codes = model.encode(x, condition=condition).mean().numpy()
        means = model.decode(codes, condition=condition).mean().numpy()
        terms = {name: value.numpy() for name, value in self._terms(x, condition_of(model, examples.y)).items()}
        squares = (scaled(x) - means) ** 2
        result = {"negative_elbo": -terms["elbo"] if "elbo" in terms else terms["nll"]}
        if "kl" in terms:
            result["kl"] = terms["kl"]
        if self._is_image:
            maps, seen = np.nan_to_num(squares).mean(axis=-1), np.nan_to_num(x)
            sides = (0, *(max(1, side // PATCHES) for side in maps.shape[1:]))
            result["png"] = np.array([_png_bits(image) for image in seen])
            result["patch_error"] = uniform_filter(maps, sides).max(axis=(1, 2))
            result["features"] = ImageStatistics()(seen)
        else:
            squares /= self._scales**2
            result["patch_error"] = np.nanmax(squares, axis=tuple(range(1, squares.ndim)))
            result["features"] = scaled(x).reshape(len(x), -1)
        result["error"] = np.nanmean(squares, axis=tuple(range(1, squares.ndim)))
        result["codes"] = codes.reshape(len(x), -1)
        return result

    def _terms_of(self, x, y):
        trace = self.model.trace(x, seed=as_seed(self.seed), extras={} if y is None else {"y": y})
        return self.model.elbo_terms(trace)

    def _spaces(self, values) -> dict[str, np.ndarray]:
        """Returns the features of each distance."""
        tiny = np.finfo("float32").tiny
        columns = [values["negative_elbo"], np.log(values["error"] + tiny), np.log(values["patch_error"] + tiny)]
        columns += [np.log1p(np.maximum(values["kl"], 0))] if "kl" in values else []
        columns += [np.log(values["png"])] if "png" in values else []
        return dict(zip(DISTANCES, (np.stack(columns, axis=1), values["codes"], values["features"]), strict=True))

    def _scored(self, values) -> dict[str, np.ndarray]:
        distances = {name: self._distances[name](rows) for name, rows in self._spaces(values).items()}
        scores = {"combined": np.mean([*distances.values()], axis=0), **distances}
        scores |= {name: values[name] for name in ("negative_elbo", "error", "patch_error", "kl") if name in values}
        if "png" in values:
            values_bits = np.log2(LEVELS) * np.prod(self.model.event_shape)  # a density per [0, 1] to one per level
            scores["complexity"] = values["negative_elbo"] / np.log(2) + values_bits - values["png"]
        scores["typicality"] = np.abs(values["negative_elbo"] - self._mean)
        return {name: np.asarray(scores[name], "float64") for name in ANOMALY_SCORES if name in scores}


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


def _joined(batches: Iterable[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    found = list(batches)
    return {name: np.concatenate([one[name] for one in found]) for name in found[0]}


def _png_bits(image: np.ndarray) -> int:
    """Returns the length of an image as PNG, the lossless code of Serra et al."""
    from PIL import Image

    pixels = image if image.dtype == np.uint8 else np.rint(255 * np.clip(image, 0, 1)).astype("uint8")
    file = io.BytesIO()
    Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels).save(file, "PNG")
    return 8 * len(file.getvalue())

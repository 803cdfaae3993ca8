"""The distance of examples to their nearest neighbours among reference examples."""

from typing import Any

import numpy as np
import tensorflow as tf

from keras_vae.checks import LARGEST
from keras_vae.errors import InvalidInputError
from keras_vae.evaluation.arrays import pieces

MOST_COLUMNS = 64
"""More features are reduced to this number of principal components."""
SMALL = 1e-3
ROWS = 512
"""Rows of the reference whose distances are computed at a time."""


class NeighbourDistance:
    """The log of the mean distance to the k nearest reference rows, in standard deviations of its reference.

        s(x) = (log d_k(x) - mean log d_k(r)) / std log d_k(r),   d_k(x) = 1/k sum_{i <= k} ||f(x) - f(r_i)||

    A reference row is no neighbour of its own. Missing values have the mean of the reference. Calls also work in a
    graph, of which the reference rows are constants.

    Args:
        reference: features `(M, D)`, M > k.
        k: number of neighbours.
        units: the length of a unit of each feature, `(D,)`. None uses the standard deviations of the reference.

    Raises:
        InvalidInputError: if there are not enough rows.

    Reference: Sun et al., 2022, Out-of-distribution detection with deep nearest neighbors,
    https://arxiv.org/abs/2204.06507

    Example:

    >>> rows = np.random.default_rng(0).normal(size=(500, 2))
    >>> bool(NeighbourDistance(rows)([[9.0, 9.0]])[0] > 3)
    True
    """

    def __init__(self, reference: np.ndarray, k: int = 5, *, units: np.ndarray | None = None):
        from sklearn.decomposition import PCA

        reference = np.asarray(reference, "float64")
        if len(reference) <= k:
            raise InvalidInputError(f"reference: expected more than {k} examples, got {len(reference)}; give more.")
        self.k = k
        scale = np.nanstd(reference, axis=0) if units is None else np.asarray(units, "float64")
        self._mean = tf.constant(np.nan_to_num(np.nanmean(reference, axis=0)))  # 0 for a column without values
        self._units = tf.constant(np.where(scale > 0, scale, 1.0))
        self._components = None
        rows = self._rows(reference).numpy()
        if rows.shape[1] > MOST_COLUMNS:
            components = PCA(min(MOST_COLUMNS, len(rows) - 1), random_state=0).fit(rows).components_
            self._components = tf.constant(components.T, tf.float32)
            rows = self._rows(reference).numpy()
        self._reference = tf.constant(rows, tf.float32)
        # The nearest row of a reference row is itself.
        distances = np.concatenate([self._distances(rows[some], k + 1)[:, 1:] for some in pieces(rows, ROWS)])
        distances = distances.mean(axis=1)
        self._least = SMALL * float(np.median(distances)) + np.finfo("float32").tiny  # of equal rows
        logs = np.log(distances + self._least)
        self._center, self._spread = float(logs.mean()), float(logs.std()) or 1.0

    def __call__(self, features: Any) -> tf.Tensor:
        """Returns s(x) for features `(N, D)`, float32 `(N,)`."""
        distances = tf.reduce_mean(self._distances(self._rows(features), self.k), axis=1)
        return tf.cast((tf.math.log(distances + self._least) - self._center) / self._spread, tf.float32)

    def _rows(self, features):
        rows = (tf.cast(features, tf.float64) - self._mean) / self._units
        rows = tf.clip_by_value(tf.where(tf.math.is_nan(rows), tf.zeros_like(rows), rows), -LARGEST, LARGEST)
        return rows if self._components is None else tf.matmul(rows, tf.cast(self._components, tf.float64))

    def _distances(self, rows, k):
        """Returns the distances to the k nearest reference rows, `(N, k)`, in float64, which squares need."""
        reference = tf.cast(self._reference, tf.float64)
        squares = tf.reduce_sum(reference**2, axis=1) - 2.0 * tf.matmul(rows, reference, transpose_b=True)
        squares += tf.reduce_sum(rows**2, axis=1, keepdims=True)
        return tf.sqrt(tf.maximum(-tf.math.top_k(-squares, k).values, 0.0))

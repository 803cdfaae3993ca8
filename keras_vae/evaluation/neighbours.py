"""The distance of examples to their nearest neighbours among reference examples."""

import numpy as np

from keras_vae.errors import InvalidInputError

MOST_COLUMNS = 64
"""More features are reduced to this number of principal components."""
SMALL = 1e-3


class NeighbourDistance:
    """The log of the mean distance to the k nearest reference rows, in standard deviations of its reference.

        s(x) = (log d_k(x) - mean log d_k(r)) / std log d_k(r),   d_k(x) = 1/k sum_{i <= k} ||f(x) - f(r_i)||

    Each feature is standardised by the reference. A reference row is no neighbour of its own. Missing values have the
    mean of the reference.

    Args:
        reference: features `(M, D)`, M > k.
        k: number of neighbours.

    Raises:
        InvalidInputError: if there are not enough rows.

    Reference: Sun et al., 2022, Out-of-distribution detection with deep nearest neighbors,
    https://arxiv.org/abs/2204.06507

    Example:

    >>> rows = np.random.default_rng(0).normal(size=(500, 2))
    >>> bool(NeighbourDistance(rows)([[9.0, 9.0]])[0] > 3)
    True
    """

    def __init__(self, reference: np.ndarray, k: int = 5):
        from sklearn.decomposition import PCA
        from sklearn.neighbors import NearestNeighbors

        reference = np.asarray(reference, "float64")
        if len(reference) <= k:
            raise InvalidInputError(f"reference: expected more than {k} examples, got {len(reference)}; give more.")
        self.k = k
        self._mean, deviations = np.nanmean(reference, axis=0), np.nanstd(reference, axis=0)
        self._mean = np.nan_to_num(self._mean)  # of a column without values
        self._scale = np.where(deviations > 0, deviations, 1.0)
        self._components = None
        rows = self._standardised(reference)
        if rows.shape[1] > MOST_COLUMNS:
            self._components = PCA(min(MOST_COLUMNS, len(rows) - 1), random_state=0).fit(rows)
            rows = self._components.transform(rows)
        self._neighbours = NearestNeighbors(n_neighbors=k).fit(rows)
        distances = self._neighbours.kneighbors()[0].mean(axis=1)  # without the row itself
        self._least = SMALL * float(np.median(distances)) + np.finfo("float32").tiny  # of equal rows
        logs = np.log(distances + self._least)
        self._center, self._spread = float(logs.mean()), float(logs.std()) or 1.0

    def __call__(self, features: np.ndarray) -> np.ndarray:
        """Returns s(x) for features `(N, D)`, `(N,)`."""
        rows = self._standardised(np.asarray(features, "float64"))
        rows = rows if self._components is None else self._components.transform(rows)
        distances = self._neighbours.kneighbors(rows)[0].mean(axis=1)
        return (np.log(distances + self._least) - self._center) / self._spread

    def _standardised(self, features):
        return np.nan_to_num((features - self._mean) / self._scale)

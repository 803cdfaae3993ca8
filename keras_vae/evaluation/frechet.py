"""The Fréchet distance of two sets of features."""

import math

import numpy as np
from scipy import linalg

from keras_vae.evaluation.arrays import check_features


def frechet_distance(features: np.ndarray, others: np.ndarray) -> float:
    """The squared Fréchet (2-Wasserstein) distance of the normal distributions fitted to two sets of features.

        |m_1 - m_2|^2 + tr(C_1 + C_2 - 2 (C_1 C_2)^(1/2))

    With the features of an Inception network, it is called FID. With C = R^T R, tr (C_1 C_2)^(1/2) is the sum of the
    singular values of R_1 R_2^T, which is real and also exact for singular covariances, as with fewer rows than
    columns. The value is never negative.

    The estimate is biased: for equal distributions it is above 0, and the bias increases with the number of columns and
    decreases with the number of rows. Compare values for the same number of rows. Use `kernel_distance` for few rows.

    Args:
        features: `(N, D)`.
        others: `(M, D)`.

    Raises:
        InvalidInputError: if they are not finite matrices of the same width with two or more rows each.

    Example:

    >>> rng = np.random.default_rng(0)
    >>> round(frechet_distance(rng.normal(size=(9999, 2)), rng.normal(3.0, 1.0, size=(9999, 2))))
    18

    Reference: Heusel et al., 2017, https://arxiv.org/abs/1706.08500
    """
    features, others = check_features("frechet_distance", features, others, least=2)
    difference = features.mean(axis=0) - others.mean(axis=0)
    one, two = _root(features), _root(others)
    distance = difference @ difference + np.sum(one**2) + np.sum(two**2) - 2 * linalg.svdvals(one @ two.T).sum()
    return max(0.0, float(distance))


def _root(features):
    """R with R^T R the covariance: the centred rows, or where they are many its pivoted Cholesky factor."""
    centred = (features - features.mean(axis=0)) / math.sqrt(len(features) - 1)
    if len(centred) <= centred.shape[1]:
        return centred
    factor, pivots, rank, _ = linalg.lapack.dpstrf(centred.T @ centred)
    root = np.empty_like(factor)
    root[:, pivots - 1] = np.triu(factor)
    return root[:rank]

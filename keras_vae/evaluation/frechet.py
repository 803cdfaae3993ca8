"""How far two sets of features are apart, taken for normal distributions."""

import math

import numpy as np
from scipy import linalg

from keras_vae.evaluation.arrays import check_features


def frechet_distance(features: np.ndarray, others: np.ndarray) -> float:
    """The squared Frechet (2-Wasserstein) distance of the normal distributions fitted to two sets of features.

        |m_1 - m_2|^2 + tr(C_1 + C_2 - 2 (C_1 C_2)^(1/2))

    In the features of an Inception network it is called FID; here the features are the caller's choice. With
    C = R^T R, tr (C_1 C_2)^(1/2) is the sum of the singular values of R_1 R_2^T, which is real and exact for singular
    covariances too, as with fewer rows than columns. The value is never negative.

    It is biased: for equal laws it is above 0, the more so the wider the features and the fewer the rows. Compare
    values from equal numbers of rows, and take `kernel_distance` where they are few.

    Args:
        features: `(N, D)`.
        others: `(M, D)`.

    Raises:
        InvalidInputError: if they are no finite matrices of the same width, with two or more rows each.

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

"""How far two sets of features are apart, taken for normal distributions."""

import numpy as np
from scipy import linalg

from keras_vae.errors import InvalidInputError


def frechet_distance(features: np.ndarray, others: np.ndarray) -> float:
    """The squared Frechet (2-Wasserstein) distance of the normal distributions fitted to two sets of features.

        |m_1 - m_2|^2 + tr(C_1 + C_2 - 2 (C_1 C_2)^(1/2))

    In the features of an Inception network it is called FID; here the features are the caller's choice.

    Args:
        features: `(N, D)`.
        others: `(M, D)`.

    Raises:
        InvalidInputError: if they are no matrices of the same width, with two or more rows each.

    Example:

    >>> rng = np.random.default_rng(0)
    >>> round(frechet_distance(rng.normal(size=(9999, 2)), rng.normal(3.0, 1.0, size=(9999, 2))))
    18

    Reference: Heusel et al., 2017, https://arxiv.org/abs/1706.08500
    """
    features, others = np.asarray(features, "float64"), np.asarray(others, "float64")
    shapes = features.shape, others.shape
    if features.ndim != 2 or others.ndim != 2 or shapes[0][1] != shapes[1][1] or min(len(features), len(others)) < 2:
        raise InvalidInputError(f"frechet_distance: expected (N, D) and (M, D) with N, M >= 2; got {shapes}.")
    difference = features.mean(axis=0) - others.mean(axis=0)
    one, two = np.cov(features, rowvar=False), np.cov(others, rowvar=False)
    one, two = np.atleast_2d(one), np.atleast_2d(two)
    root = linalg.sqrtm(one)
    cross = linalg.sqrtm(root.real @ two @ root.real).real
    return float(difference @ difference + np.trace(one) + np.trace(two) - 2 * np.trace(cross))

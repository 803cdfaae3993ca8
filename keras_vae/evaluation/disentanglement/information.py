"""Mutual information between latent dimensions and factors."""

import numpy as np
from scipy.stats import entropy

from keras_vae.checks import check_integer
from keras_vae.evaluation.disentanglement.pool import check_pool

BINS = 20


def mutual_information(codes: np.ndarray, factors: np.ndarray, *, bins: int = BINS) -> np.ndarray:
    """The mutual information of each dimension with each factor, of the empirical distribution, nats, `(D, K)`.

        I(z_d; v_k) = H(z_d) + H(v_k) - H(z_d, v_k)

    where z_d is discretized to `bins` bins of equal width between its minimum and maximum. The value is 0 for a
    constant dimension or factor. The estimate is too large by about (bins - 1) (V_k - 1) / 2N for a factor with V_k
    values.

    Args:
        codes: latents `(N, D)`, one row per example.
        factors: `(N, K)` integers, the indices of the values of the factors.
        bins: number of bins per dimension, 2 or more.

    Raises:
        InvalidInputError: if the arrays do not match or have fewer than 2 rows, or if `bins` is out of its range.

    Example:

    >>> factors = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    >>> mutual_information(factors[:, :1] * 3.0, factors).round(3).tolist()
    [[0.693, 0.0]]
    """
    check_integer("mutual_information: bins", bins, least=2)
    codes, factors = check_pool("mutual_information", codes, factors)
    low, span = codes.min(axis=0), np.ptp(codes, axis=0)
    cells = ((codes - low) / np.where(span > 0, span, 1.0) * bins).astype(int).clip(max=bins - 1)
    matrix = np.zeros((codes.shape[1], factors.shape[1]))
    for k, column in enumerate(factors.T):
        values = column.max() + 1
        for d, binned in enumerate(cells.T):
            joint = np.bincount(binned * values + column, minlength=bins * values).reshape(bins, values)
            parts = entropy(joint.sum(axis=1)), entropy(joint.sum(axis=0)), entropy(joint.ravel())
            matrix[d, k] = max(parts[0] + parts[1] - parts[2], 0.0)
    return matrix

"""The mutual information gap."""

import numpy as np
from scipy.stats import entropy

from keras_vae.evaluation.disentanglement.information import BINS, mutual_information
from keras_vae.evaluation.disentanglement.pool import check_pool, sample_rows, varying


def mig(codes: np.ndarray, factors: np.ndarray, *, bins: int = BINS, samples: int = 10_000, seed: int = 0) -> float:
    """The gap between the two dimensions with the most information about a factor, averaged over the factors.

        1 / K sum_k (I(z_d1; v_k) - I(z_d2; v_k)) / H(v_k)        d1, d2: the dimensions with the largest I

    The score is from 0 to 1, and near 0 for noise. The dimensions are binned, see `mutual_information`, so the gap of a
    factor with more than `bins` values is below 1. Constant factors are left out. With one dimension, the second term
    is 0.

    Args:
        codes: latents `(N, D)`, one row per example, such as the posterior means.
        factors: `(N, K)` integers, the indices of the values of the factors.
        bins: number of bins per dimension, 2 or more.
        samples: maximum number of rows.
        seed: seed of the selection of rows.

    Raises:
        InvalidInputError: if the arrays do not match or have fewer than 2 rows, if no factor varies, or if an argument
            is out of its range.

    Example:

    >>> factors = np.random.default_rng(0).integers(4, size=(999, 3))
    >>> mig(factors.astype(float), factors) > 0.95
    True

    References: Chen et al., 2018, https://arxiv.org/abs/1802.04942; bins and samples: Locatello et al., 2019,
    https://arxiv.org/abs/1811.12359
    """
    codes, factors = check_pool("mig", codes, factors)
    rows = sample_rows("mig", len(codes), samples=samples, seed=seed)
    factors = factors[rows][:, varying("mig", factors[rows])]
    information = np.sort(mutual_information(codes[rows], factors, bins=bins), axis=0)
    second = information[-2] if len(information) > 1 else 0.0
    return float(np.mean((information[-1] - second) / [entropy(np.bincount(column)) for column in factors.T]))

"""The modularity score."""

import numpy as np

from keras_vae.evaluation.disentanglement.information import BINS, mutual_information
from keras_vae.evaluation.disentanglement.pool import check_pool, sample_rows, varying


def modularity(
    codes: np.ndarray, factors: np.ndarray, *, bins: int = BINS, samples: int = 10_000, seed: int = 0
) -> float:
    """Whether each dimension has information about one factor only, averaged over the dimensions.

        1 / D sum_d (1 - sum_{k != k*} I(z_d; v_k)^2 / (I(z_d; v_k*)^2 (K - 1)))        k* = argmax_k I(z_d; v_k)

    The score is from 0 to 1. The score of noise has no fixed level and is well above 0, because the little estimated
    information is distributed at random. A constant dimension has no information and counts as 0, as in Locatello et
    al. Constant factors are left out. With one factor, each dimension with information about it counts as 1.

    Args:
        codes: latents `(N, D)`, one row per example, such as the posterior means.
        factors: `(N, K)` integers, the indices of the values of the factors.
        bins: number of bins per dimension, 2 or more; see `mutual_information`.
        samples: maximum number of rows.
        seed: seed of the selection of rows.

    Raises:
        InvalidInputError: if the arrays do not match or have fewer than 2 rows, if no factor varies, or if an argument
            is out of its range.

    Example:

    >>> factors = np.random.default_rng(0).integers(4, size=(999, 3))
    >>> modularity(factors.astype(float), factors) > 0.95
    True

    References: Ridgeway & Mozer, 2018, https://arxiv.org/abs/1802.05312; bins and samples: Locatello et al., 2019,
    https://arxiv.org/abs/1811.12359
    """
    codes, factors = check_pool("modularity", codes, factors)
    rows = sample_rows("modularity", len(codes), samples=samples, seed=seed)
    factors = factors[rows][:, varying("modularity", factors[rows])]
    return modularity_of(mutual_information(codes[rows], factors, bins=bins))


def modularity_of(information: np.ndarray) -> float:
    """Modularity from the mutual information of each dimension with each factor, `(D, K)`."""
    best = information.max(axis=1)
    shares = information[best > 0] / best[best > 0, None]
    others = np.sum(shares**2, axis=1) - 1
    return float(np.sum(1 - others / max(information.shape[1] - 1, 1)) / len(information))

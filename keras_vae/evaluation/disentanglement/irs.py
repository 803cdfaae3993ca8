"""The interventional robustness score."""

import numpy as np

from keras_vae.checks import check_number
from keras_vae.evaluation.disentanglement.pool import check_pool, sample_rows, varying


def irs(
    codes: np.ndarray, factors: np.ndarray, *, quantile: float = 0.99, samples: int = 10_000, seed: int = 0
) -> float:
    """How constant each dimension is while its factor is constant and the other factors change.

        1 - mean_v Q(|z_d - E[z_d | v_k = v]|, v_k = v) / max |z_d - E z_d|        for dimension d and factor k

    where Q is a high quantile over the rows with that value. The score of a dimension is the maximum over k. The mean
    over dimensions is weighted by max |z_d - E z_d|, as in the code of Locatello et al., so that nearly constant
    dimensions have little weight. The maximum is 1. The score of noise is not 0 but about 1 - Q / max, because a
    quantile is below the maximum: 0.35 for normal noise, and more if a value has few rows. Constant dimensions and
    factors are left out; if all dimensions are constant, the score is 0.

    Args:
        codes: latents `(N, D)`, one row per example, such as the posterior means.
        factors: `(N, K)` integers, the indices of the values of the factors.
        quantile: quantile of the deviations, above 0 and at most 1, which is the maximum.
        samples: maximum number of rows.
        seed: seed of the selection of rows.

    Raises:
        InvalidInputError: if the arrays do not match or have fewer than 2 rows, if no factor varies, or if an argument
            is out of its range.

    Example:

    >>> factors = np.random.default_rng(0).integers(4, size=(999, 3))
    >>> irs(factors.astype(float), factors)
    1.0

    Reference: Suter et al., 2019, https://arxiv.org/abs/1811.00007
    """
    check_number("irs: quantile", quantile, above=0, most=1)
    codes, factors = check_pool("irs", codes, factors)
    rows = sample_rows("irs", len(codes), samples=samples, seed=seed)
    codes, factors = codes[rows], factors[rows]
    kept = varying("irs", factors)
    codes = codes[:, np.ptp(codes, axis=0) > 0]
    if not codes.shape[1]:
        return 0.0
    largest = np.abs(codes - codes.mean(axis=0)).max(axis=0)
    moved = np.stack([_moved(codes, factors[:, k], quantile) for k in kept])
    return float(np.average(1 - moved.min(axis=0) / largest, weights=largest))


def _moved(codes, labels, quantile):
    groups = (codes[labels == value] for value in np.unique(labels))
    return np.mean([np.quantile(np.abs(z - z.mean(axis=0)), quantile, axis=0) for z in groups], axis=0)

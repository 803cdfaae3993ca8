"""The kernel distance of two sets of features."""

import math
from typing import NamedTuple

import numpy as np

from keras_vae.checks import check_integer, check_seed
from keras_vae.evaluation.arrays import check_features

PAIRS = 2**22  # in memory at a time


class KernelDistance(NamedTuple):
    """An estimate of a squared maximum mean discrepancy.

    Attributes:
        value: the estimate; its expectation is 0 for equal distributions, so it may be negative.
        standard_error: standard error of the value.

    Example:

    >>> x = np.random.default_rng(0).normal(size=(400, 4))
    >>> kernel_distance(x[:200], x[200:] + 1.0).value > 1.0
    True
    """

    value: float
    standard_error: float


def kernel_distance(
    features: np.ndarray, others: np.ndarray, *, subsets: int = 100, subset_size: int = 1000, seed: int = 0
) -> KernelDistance:
    """The squared maximum mean discrepancy of two sets of features under the kernel k(u, v) = (u . v / D + 1)^3.

        MMD^2 = E k(u, u') + E k(v, v') - 2 E k(u, v)

    With the features of an Inception network, it is called KID. The kernel compares means, covariances and third
    moments. The value is the mean of unbiased estimates from subsets. Unlike the Fréchet distance, its expectation does
    not depend on the number of rows. The sets are repeatedly shuffled and split into disjoint subsets, until there are
    `subsets` of them. The standard error uses the disjoint subsets. It is correct for distributions that differ, and
    too large for equal ones if several shuffles are averaged.

    Args:
        features: `(N, D)`.
        others: `(M, D)`.
        subsets: minimum number of estimates that are averaged, 2 or more.
        subset_size: number of rows of each set in a subset, 2 or more. At most half the rows of the smaller set are
            used, so that there are two disjoint subsets.
        seed: seed of the shuffles.

    Returns:
        The value and its standard error.

    Raises:
        InvalidInputError: if they are not finite matrices of the same width with four or more rows each, or if an
            argument is out of its range.

    Example:

    >>> rng = np.random.default_rng(0)
    >>> value, error = kernel_distance(rng.normal(size=(400, 4)), rng.normal(1.0, 1.0, size=(400, 4)))
    >>> value > 5 * error
    True

    Reference: Binkowski, Sutherland, Arbel & Gretton, 2018, https://arxiv.org/abs/1801.01401
    """
    features, others = check_features("kernel_distance", features, others, least=4)
    subsets = check_integer("kernel_distance: subsets", subsets, least=2)
    rows = min(len(features), len(others))
    size = min(check_integer("kernel_distance: subset_size", subset_size, least=2), rows // 2)
    disjoint = min(subsets, rows // size)
    rng = np.random.default_rng(check_seed(seed))
    estimates = np.empty((math.ceil(subsets / disjoint), disjoint))
    for shuffle in estimates:
        one, two = (
            rng.permutation(len(rows))[: disjoint * size].reshape(disjoint, size) for rows in (features, others)
        )
        for number in range(disjoint):
            shuffle[number] = _unbiased(features[one[number]], others[two[number]])
    error = math.sqrt(estimates.var(axis=1, ddof=1).mean() / disjoint)
    return KernelDistance(float(estimates.mean()), error)


def _unbiased(u, v):
    """The estimate from all pairs of different rows."""
    return _mean_within(u) + _mean_within(v) - 2.0 * _sum(u, v) / (len(u) * len(v))


def _mean_within(u):
    with_themselves = np.sum((np.sum(u**2, axis=1) / u.shape[1] + 1.0) ** 3)
    return (_sum(u, u) - with_themselves) / (len(u) * (len(u) - 1))


def _sum(u, v):
    """The sum of k over all pairs, some rows of `u` at a time."""
    total, size = 0.0, max(1, PAIRS // len(v))
    for start in range(0, len(u), size):
        base = u[start : start + size] @ v.T
        base /= u.shape[1]
        base += 1.0
        total += np.einsum("ij,ij,ij->", base, base, base)
    return total

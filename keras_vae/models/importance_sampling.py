"""Importance sampling estimates of the log-likelihood, with diagnostics."""

import math
from typing import NamedTuple

import numpy as np


class ImportanceSampling(NamedTuple):
    """Estimates from S importance weights w_s = p(x, z_s) / q(z_s | x) for each of N examples.

    Attributes:
        log_likelihood: log 1/S sum_s w_s <= log p(x) on average, nats, `(N,)`.
        effective_sample_size: (sum_s w_s)^2 / sum_s w_s^2, from 1 (one sample dominates) to S, `(N,)`.
        standard_error: standard error of `log_likelihood`, (1/ESS - 1/S)^(1/2) to first order, nats, `(N,)`. It does
            not include regions of z that no sample has reached.

    Example:

    >>> found = zoo.vae((8,), 2, units=(4,), seed=0).importance_sampling(np.zeros((3, 8)), samples=10)
    >>> found.log_likelihood.shape, bool((found.effective_sample_size <= 10).all())
    ((3,), True)
    """

    log_likelihood: np.ndarray
    effective_sample_size: np.ndarray
    standard_error: np.ndarray

    @classmethod
    def of_sums(cls, log_sum: np.ndarray, log_sum_of_squares: np.ndarray, samples: int) -> "ImportanceSampling":
        """Computes the estimates from log sum_s w_s and log sum_s w_s^2 of each example."""
        size = np.clip(np.exp(2.0 * log_sum.astype("float64") - log_sum_of_squares), 1.0, samples)
        return cls(log_sum - math.log(samples), size, np.sqrt(1.0 / size - 1.0 / samples))

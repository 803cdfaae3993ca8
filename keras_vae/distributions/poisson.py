"""The Poisson distribution with independent elements."""

import math
from collections.abc import Mapping

import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

from keras_vae.distributions.likelihood import Likelihood
from keras_vae.serialization import register

tfd = tfp.distributions


class CountLikelihood(Likelihood):
    """The base class of likelihoods of counts."""

    interval = (0.0, math.inf)
    expects = "counts >= 0"
    advice = "give the raw counts or use the 'normal' likelihood"
    takes_bytes = False
    default_draw = "sample"  # the mean of a count is not a count


@register
class Poisson(CountLikelihood):
    """The Poisson distribution with rate r = exp(log_rate) per element; log p(x) = sum x log r - r - log x!.

    For values that are not integers, log Gamma(x + 1) replaces log x!; the value is then not a log-probability.

    Example:

    >>> likelihood = Poisson((3,))
    >>> likelihood.distribution({"log_rate": tf.zeros((2, 3))}).mean().numpy().tolist()
    [[1.0, 1.0, 1.0], [1.0, 1.0, 1.0]]

    Reference: Gopalan, Hofman & Blei, 2015, https://arxiv.org/abs/1311.1704
    """

    parameters = ("log_rate",)

    def distribution(self, parameters: Mapping[str, tf.Tensor]) -> tfd.Distribution:
        return self.independent(tfd.Poisson(log_rate=parameters["log_rate"]))

    def parameters_of_mean(self, mean: np.ndarray) -> dict[str, np.ndarray]:
        return {"log_rate": np.log(np.maximum(mean, 1e-3))}

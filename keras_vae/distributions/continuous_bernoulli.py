"""The continuous Bernoulli distribution with independent elements."""

from collections.abc import Mapping

import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

from keras_vae.distributions.likelihood import Likelihood
from keras_vae.serialization import register

tfd = tfp.distributions


@register
class ContinuousBernoulli(Likelihood):
    """A density on [0, 1] per element, with logits l: p(x) = exp(l x) l / (exp(l) - 1).

    Use it for grey images. Unlike `Bernoulli`, it is a normalised density on [0, 1], so its values in nats are
    comparable with those of other densities. At l = 0, it is the uniform distribution.

    Example:

    >>> likelihood = ContinuousBernoulli((8, 8, 1))
    >>> likelihood.distribution({"logits": tf.zeros((3, 8, 8, 1))}).log_prob(tf.ones((3, 8, 8, 1))).numpy().tolist()
    [0.0, 0.0, 0.0]

    Reference: Loaiza-Ganem & Cunningham, 2019, https://arxiv.org/abs/1907.06845
    """

    parameters = ("logits",)
    expects = "values in [0, 1]"
    interval = (0.0, 1.0)
    advice = "rescale the data or use the 'normal' likelihood"

    def distribution(self, parameters: Mapping[str, tf.Tensor]) -> tfd.Distribution:
        return self.independent(tfd.ContinuousBernoulli(logits=parameters["logits"]))

    def parameters_of_mean(self, mean: np.ndarray) -> dict[str, np.ndarray]:
        """Returns the logits for this mean, clipped to [0.001, 0.999], by bisection, as there is no closed form.

        Both have the same shape.
        """
        mean = mean.clip(1e-3, 1 - 1e-3)
        low, high = np.full(np.shape(mean), -1001.0), np.full(np.shape(mean), 1001.0)
        for _ in range(50):
            middle = (low + high) / 2
            below = _mean_of_logits(middle) < mean
            low, high = np.where(below, middle, low), np.where(below, high, middle)
        return {"logits": (low + high) / 2}


def _mean_of_logits(logits: np.ndarray) -> np.ndarray:
    near_zero = np.abs(logits) < 1e-3
    safe = np.where(near_zero, 1.0, logits)
    return np.where(near_zero, 0.5 + logits / 12, 0.5 + 0.5 / np.tanh(safe / 2) - 1 / safe)

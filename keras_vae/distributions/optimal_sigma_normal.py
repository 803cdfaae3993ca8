"""The normal distribution with a single scale that is estimated from the data."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

from keras_vae.checks import check_number
from keras_vae.distributions.arguments import root_mean_square
from keras_vae.distributions.likelihood import Likelihood
from keras_vae.serialization import register
from keras_vae.trace import Trace

tfd = tfp.distributions


@register
class OptimalSigmaNormal(Likelihood):
    """The normal distribution N(loc, sigma^2) with the optimal scale of the data, sigma^2 = mean (x - loc)^2.

    It is the likelihood of the sigma-VAE, which balances reconstruction and KL without a tuned weight. Sigma is the
    weight `log_scale`, which is not trained by gradients. After each training batch, sigma^2 is updated towards the
    mean squared error of the batch: it is the mean over all batches at first, and later an average over about the last
    1 / (1 - momentum) batches. The density of a step therefore depends only on previous batches. With momentum 0, the
    gradient at a stationary point is that of the log-likelihood in the paper, -D/2 log(mean squared error). NaN
    elements are ignored. The initial sigma is 1.

    Args:
        event_shape: shape of one event.
        momentum: momentum of the average of sigma^2, in [0, 1).
        min_scale: lower bound of sigma, which keeps densities finite.
        project: see `DistributionLayer`.

    Raises:
        InvalidInputError: if `momentum` or `min_scale` is out of range.

    Example:

    >>> likelihood = OptimalSigmaNormal((4,))
    >>> likelihood.distribution(likelihood(tf.ones((3, 8)))).stddev().numpy().tolist()[0]
    [1.0, 1.0, 1.0, 1.0]

    Reference: Rybkin, Daniilidis & Levine, 2021, https://arxiv.org/abs/2006.13202
    """

    parameters = ("loc",)

    def __init__(self, event_shape: tuple[int, ...], *, momentum: float = 0.99, min_scale: float = 1e-4, **kwargs: Any):
        super().__init__(event_shape, **kwargs)
        self.momentum = check_number("OptimalSigmaNormal: momentum", momentum, least=0, below=1)
        self.min_scale = check_number("OptimalSigmaNormal: min_scale", min_scale, above=0)

    def build(self, features_shape: tuple[int | None, ...]) -> None:
        super().build(features_shape)
        self.log_scale = self._statistic("log_scale")
        self.updates = self._statistic("updates")

    def _statistic(self, name):
        return self.add_weight(
            shape=(), initializer="zeros", trainable=False, aggregation="only_first_replica", name=name
        )

    def distribution(self, parameters: Mapping[str, tf.Tensor]) -> tfd.Distribution:
        scale = tf.exp(tf.convert_to_tensor(self.log_scale))
        return self.independent(tfd.Normal(parameters["loc"], scale))

    def statistics(self, trace: Trace) -> dict[str, tf.Tensor]:
        errors = trace.x - trace.likelihood.mean()  # (S, B, ...); for a family of pixels, also the axes of the pixels
        observed = tf.math.is_finite(errors)
        weights = tf.ones(tf.shape(trace.x)[:1]) if trace.weights is None else trace.weights
        weights = tf.reshape(weights, (1, -1, *[1] * (errors.shape.rank - 2)))
        return {
            "squares": tf.reduce_sum(weights * tf.square(tf.where(observed, errors, 0.0))),
            "count": tf.reduce_sum(weights * tf.cast(observed, tf.float32)),
        }

    def update(self, statistics: Mapping[str, tf.Tensor], seed: tf.Tensor) -> None:
        variance = tf.math.divide_no_nan(statistics["squares"], statistics["count"])
        updates = tf.convert_to_tensor(self.updates) + 1.0
        rate = tf.maximum(1.0 - self.momentum, 1.0 / updates)
        before = tf.exp(2.0 * tf.convert_to_tensor(self.log_scale))
        after = tf.maximum(before + rate * (variance - before), self.min_scale**2)
        seen = statistics["count"] > 0
        self.log_scale.assign(tf.where(seen, 0.5 * tf.math.log(after), tf.convert_to_tensor(self.log_scale)))
        self.updates.assign(tf.where(seen, updates, updates - 1.0))

    def set_scale(self, scale: np.ndarray | float) -> None:
        self.log_scale.assign(np.log(np.sqrt(np.mean(np.square(scale)))))

    def scale_of(self, x: np.ndarray) -> float:
        return root_mean_square(x)

    def parameters_of_mean(self, mean: np.ndarray) -> dict[str, np.ndarray]:
        return {"loc": mean}

"""The normal distribution whose one scale is estimated, not trained."""

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
    """N(loc, sigma^2) with the sigma that is best for the data: sigma^2 = mean (x - loc)^2.

    The likelihood of the sigma-VAE, which balances reconstruction and KL without a weight to tune. Sigma is a
    weight, `log_scale`, that no gradient trains: after each training batch sigma^2 moves to the mean squared error
    of the batch. It is the mean over all batches at first, then over about the last 1 / (1 - momentum) of them. So
    each step sees a density that does not depend on the batch it explains, up to the lag of the average; with
    momentum 0 the gradient is, at a standstill, that of the paper's log-likelihood -D/2 log(mean squared error).
    Elements that are NaN do not count. Until the first step sigma is 1.

    Args:
        event_shape: shape of one event.
        momentum: of the average of sigma^2, in [0, 1).
        min_scale: lower bound of sigma; it keeps densities finite.
        project: see `DistributionLayer`.

    Raises:
        InvalidInputError: if `momentum` or `min_scale` is out of its range.

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
        errors = trace.x - trace.likelihood.mean()  # (S, B, ...); of a pixel's family, also the pixels' axes
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

    def scale_of(self, x: np.ndarray) -> float:
        return root_mean_square(x)

    def parameters_of_mean(self, mean: np.ndarray) -> dict[str, np.ndarray]:
        return {"loc": mean}

"""The relaxed uniform categorical distribution."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf
import tensorflow_probability as tfp

from keras_vae.checks import check_number
from keras_vae.distributions.relaxed_categorical import Concrete, check_classes, choices
from keras_vae.priors.prior import Prior
from keras_vae.serialization import register

tfd = tfp.distributions


@register
class RelaxedCategoricalPrior(Prior):
    """The relaxed uniform distribution over K classes, for the posterior `RelaxedCategorical`.

    log p(z) = log G(K) + (K - 1) log t - (t + 1) sum_k log z_k - K log sum_k z_k^-t, in nats, with the temperature t
    and the gamma function G, summed over the leading axes of z. The KL has no closed form; use
    `KL(estimator="monte_carlo")`.

    Args:
        event_shape: `(K,)`, or `(N, K)` for N independent variables; K >= 2.
        temperature: t, a positive number; z is nearly one-hot for t near 0.

    Raises:
        InvalidInputError: if there is only one class, or the temperature is not positive.

    Example:

    >>> RelaxedCategoricalPrior((4, 10)).distribution().sample(seed=(1, 2)).shape
    TensorShape([4, 10])

    Reference: Maddison, Mnih & Teh, 2017, https://arxiv.org/abs/1611.00712
    """

    support = "simplex"

    def __init__(self, event_shape: tuple[int, ...], *, temperature: float = 0.5, **kwargs: Any):
        super().__init__(event_shape, **kwargs)
        check_classes("RelaxedCategoricalPrior", self.event_shape)
        self.temperature = check_number("RelaxedCategoricalPrior: temperature", temperature, above=0)

    def distribution(self, encode: Callable[[tf.Tensor], tfd.Distribution] | None = None) -> tfd.Distribution:
        temperature = tf.constant(self.temperature, tf.float32)
        return choices(Concrete(temperature, logits=tf.zeros(self.event_shape)), self.event_shape)

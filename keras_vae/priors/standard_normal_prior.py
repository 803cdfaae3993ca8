"""The standard normal prior."""

from collections.abc import Callable

import tensorflow as tf
import tensorflow_probability as tfp

from keras_vae.priors.prior import Prior
from keras_vae.serialization import register

tfd = tfp.distributions


@register
class StandardNormalPrior(Prior):
    """p(z) = N(0, I).

    Example:

    >>> StandardNormalPrior((2,)).distribution().sample(3).shape
    TensorShape([3, 2])

    Reference: Kingma & Welling, 2014, https://arxiv.org/abs/1312.6114
    """

    def distribution(self, encode: Callable[[tf.Tensor], tfd.Distribution] | None = None) -> tfd.Distribution:
        normal = tfd.Normal(tf.zeros(self.event_shape), tf.ones(self.event_shape))
        return tfd.Independent(normal, reinterpreted_batch_ndims=len(self.event_shape))

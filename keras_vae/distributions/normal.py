"""The normal distribution with independent elements."""

import tensorflow as tf
import tensorflow_probability as tfp

from keras_vae.distributions.location_scale import LocationScale
from keras_vae.serialization import register

tfd = tfp.distributions


@register
class Normal(LocationScale):
    """The normal distribution N(loc, scale^2) per element.

    As a posterior, it is the diagonal normal of the original VAE. As a likelihood of fixed scale s, its negative
    log-likelihood is the scaled squared error |x - loc|^2 / (2 s^2) + D log(s sqrt(2 pi)), in nats.

    Args:
        event_shape: shape of one event.
        scale: `"elementwise"` for one scale per element from the network; `"shared"` for a single learned
            scale; or a positive number, the fixed scale.
        min_scale: lower bound of learned scales, which keeps densities finite.
        project: see `DistributionLayer`.

    Raises:
        InvalidInputError: if `scale` or `min_scale` is invalid.

    Example:

    >>> posterior = Normal((2,))
    >>> posterior.distribution(posterior(tf.ones((3, 8)))).batch_shape
    TensorShape([3])

    Reference: Kingma & Welling, 2014, https://arxiv.org/abs/1312.6114
    """

    def elements(self, loc: tf.Tensor, scale: tf.Tensor) -> tfd.Distribution:
        return tfd.Normal(loc, scale)

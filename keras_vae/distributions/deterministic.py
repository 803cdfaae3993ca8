"""The deterministic posterior."""

from collections.abc import Mapping

import tensorflow as tf
import tensorflow_probability as tfp

from keras_vae.distributions.posterior import Posterior
from keras_vae.serialization import register

tfd = tfp.distributions


@register
class Deterministic(Posterior):
    """A posterior with all its mass at one point, for the plain autoencoder.

    It has no density, so the model raises an error for terms that need one, such as `KL`.

    Example:

    >>> posterior = Deterministic((2,))
    >>> posterior.distribution(posterior(tf.ones((3, 8)))).sample().shape
    TensorShape([3, 2])
    """

    parameters = ("loc",)
    has_density = False

    def distribution(self, parameters: Mapping[str, tf.Tensor]) -> tfd.Distribution:
        return self.independent(tfd.Deterministic(parameters["loc"]))

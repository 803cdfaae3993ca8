"""The normal distribution with independent elements."""

import math
from collections.abc import Mapping

import keras
import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

from keras_vae.distributions.head import Head
from keras_vae.errors import InvalidInputError
from keras_vae.serialization import register

tfd = tfp.distributions


@register
class Normal(Head):
    """N(loc, scale^2) for every element of the event.

    As a posterior this is the diagonal normal of the original VAE. As a likelihood, a fixed scale s makes the
    negative log-likelihood |x - loc|^2 / (2 s^2) + D log(s sqrt(2 pi)): the squared error, in nats.

    Args:
        event_shape: shape of one event.
        scale: `"elementwise"` for a scale per element, given by the network; `"shared"` for one learned
            scale; or a positive number, the fixed scale.
        min_scale: lower bound of a scale that is learned; it keeps densities finite.
        project: see `Head`.

    Raises:
        InvalidInputError: if `scale` or `min_scale` is neither of these.

    Example:

    >>> head = Normal((2,))
    >>> head.distribution(head(tf.ones((3, 8)))).batch_shape
    TensorShape([3])

    Reference: Kingma & Welling, 2014, https://arxiv.org/abs/1312.6114
    """

    def __init__(self, event_shape, *, scale: float | str = "elementwise", min_scale: float = 1e-4, **kwargs):
        super().__init__(event_shape, **kwargs)
        fixed = isinstance(scale, (int, float)) and not isinstance(scale, bool)
        if not (scale in ("elementwise", "shared") or (fixed and 0 < scale < math.inf)):
            raise InvalidInputError(
                f"Normal: scale must be 'elementwise', 'shared' or a positive number; got {scale!r}."
            )
        if not 0 < min_scale < math.inf:
            raise InvalidInputError(f"Normal: min_scale must be a positive number; got {min_scale!r}.")
        self.scale = scale
        self.min_scale = min_scale

    @property
    def parameters(self):
        return ("loc", "raw_scale") if self.scale == "elementwise" else ("loc",)

    def build(self, features_shape):
        super().build(features_shape)
        if self.scale == "shared":
            self.raw_scale = self.add_weight(shape=(), initializer=keras.initializers.Constant(-2.0), name="raw_scale")

    def distribution(self, parameters: Mapping[str, tf.Tensor]) -> tfd.Distribution:
        if self.scale == "elementwise":
            scale = self._positive(parameters["raw_scale"])
        elif self.scale == "shared":
            scale = self._positive(tf.convert_to_tensor(self.raw_scale))
        else:
            scale = tf.constant(self.scale, tf.float32)
        return self.independent(tfd.Normal(parameters["loc"], scale))

    def parameters_of_mean(self, mean: np.ndarray) -> dict[str, np.ndarray]:
        return {"loc": mean}

    def _positive(self, raw):
        return tf.nn.softplus(raw) + self.min_scale

    def get_config(self):
        return {**super().get_config(), "scale": self.scale, "min_scale": self.min_scale}

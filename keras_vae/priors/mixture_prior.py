"""A learned mixture of normals."""

import math
from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf
import tensorflow_probability as tfp

from keras_vae.checks import check_integer, check_number, check_seed
from keras_vae.distributions.normal_mixture import mixture
from keras_vae.priors.prior import Prior
from keras_vae.serialization import register

tfd = tfp.distributions


@register
class MixturePrior(Prior):
    """p(z) = sum_k pi_k N(z; loc_k, diag(scale_k^2)), learned with the model.

    The initial weights pi are equal, the locations are drawn from N(0, I), and the scales are 1. The KL has no closed
    form; use `KL(estimator="monte_carlo")`.

    Args:
        event_shape: shape of one latent.
        components: number of normals, K.
        min_scale: lower bound of the scales, which keeps densities finite.
        seed: seed of the initial locations.

    Raises:
        InvalidInputError: if an argument is out of its range.

    Example:

    >>> MixturePrior((2,), components=3).distribution().log_prob(tf.zeros((5, 2))).shape
    TensorShape([5])

    References: Dilokthanakul et al., 2016, https://arxiv.org/abs/1611.02648; as the baseline "MoG": Tomczak &
    Welling, 2018, https://arxiv.org/abs/1705.07120
    """

    def __init__(
        self,
        event_shape: tuple[int, ...],
        *,
        components: int = 10,
        min_scale: float = 1e-3,
        seed: int = 0,
        **kwargs: Any,
    ):
        super().__init__(event_shape, **kwargs)
        self.components = check_integer("MixturePrior: components", components)
        self.min_scale = check_number("MixturePrior: min_scale", min_scale, above=0)
        self.seed = check_seed(seed)
        shape = (self.components, *self.event_shape)
        one = keras.initializers.Constant(math.log(math.expm1(1.0)))
        self.logits = self.add_weight(shape=shape[:1], initializer="zeros", name="logits")
        self.loc = self.add_weight(shape=shape, initializer=keras.initializers.RandomNormal(0, 1, seed), name="loc")
        self.raw_scale = self.add_weight(shape=shape, initializer=one, name="raw_scale")

    def distribution(self, encode: Callable[[tf.Tensor], tfd.Distribution] | None = None) -> tfd.Distribution:
        scale = tf.nn.softplus(tf.convert_to_tensor(self.raw_scale)) + self.min_scale
        normals = tfd.Normal(tf.convert_to_tensor(self.loc), scale)
        return mixture(tf.convert_to_tensor(self.logits), tfd.Independent(normals, len(self.event_shape)))

"""The uniform distribution on the sphere."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf
import tensorflow_probability as tfp

from keras_vae.distributions.arguments import check_vector
from keras_vae.priors.prior import Prior
from keras_vae.serialization import register

tfd = tfp.distributions


@register
class UniformSpherePrior(Prior):
    """The uniform density on the unit sphere, p(z) = G(D / 2) / (2 pi^(D / 2)) with the gamma function G.

    The KL from the posterior `PowerSpherical` has a closed form. The mean is the centre of the sphere, which is not on
    the sphere.

    Args:
        event_shape: shape of one latent, `(D,)` with D >= 2; the sphere has D - 1 dimensions.

    Raises:
        InvalidInputError: if latents are not vectors of length 2 or more.

    Example:

    >>> float(tf.norm(UniformSpherePrior((3,)).distribution().sample(seed=(1, 2)))) - 1 < 1e-5
    True

    Reference: Davidson et al., 2018, https://arxiv.org/abs/1804.00891
    """

    support = "sphere"

    def __init__(self, event_shape: tuple[int, ...], **kwargs: Any):
        super().__init__(event_shape, **kwargs)
        check_vector("UniformSpherePrior", self.event_shape, least=2)

    def distribution(self, encode: Callable[[tf.Tensor], tfd.Distribution] | None = None) -> tfd.Distribution:
        return tfd.SphericalUniform(self.event_shape[0])

"""The symmetric Dirichlet distribution."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf
import tensorflow_probability as tfp

from keras_vae.checks import check_number
from keras_vae.distributions.arguments import check_vector
from keras_vae.distributions.dirichlet import InteriorDirichlet
from keras_vae.priors.prior import Prior
from keras_vae.serialization import register

tfd = tfp.distributions


@register
class DirichletPrior(Prior):
    """p(z) proportional to the product of z_d^(a - 1) over proportions z that sum to 1.

    The density is uniform on the simplex for a = 1, concentrated at the corners for a < 1, and at the centre for a > 1.
    The KL from the posterior `Dirichlet` has a closed form.

    Args:
        event_shape: shape of one latent, `(D,)` with D >= 2.
        concentration: a, a positive number for all elements.

    Raises:
        InvalidInputError: if latents are not vectors of length 2 or more, or the concentration is not positive.

    Example:

    >>> DirichletPrior((3,), concentration=0.5).distribution().mean().numpy().round(3)
    array([0.333, 0.333, 0.333], dtype=float32)

    Reference: Joo et al., 2019, https://arxiv.org/abs/1901.02739
    """

    support = "simplex"

    def __init__(self, event_shape: tuple[int, ...], *, concentration: float = 1.0, **kwargs: Any):
        super().__init__(event_shape, **kwargs)
        check_vector("DirichletPrior", self.event_shape, least=2)
        self.concentration = check_number("DirichletPrior: concentration", concentration, above=0)

    def distribution(self, encode: Callable[[tf.Tensor], tfd.Distribution] | None = None) -> tfd.Distribution:
        return InteriorDirichlet(tf.fill(self.event_shape, float(self.concentration)))

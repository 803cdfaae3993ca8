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

    a = 1 is the uniform density on the simplex, a < 1 prefers its corners, a > 1 its centre. It has a closed-form KL
    with the posterior `Dirichlet`.

    Args:
        event_shape: shape of one code, `(D,)` with D >= 2.
        concentration: a, the same for every element.

    Raises:
        InvalidInputError: if codes are no vectors of two or more, or the concentration is not positive.

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

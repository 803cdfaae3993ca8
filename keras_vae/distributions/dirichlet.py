"""The Dirichlet distribution, for latents that are proportions."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

from keras_vae.checks import check_number
from keras_vae.distributions.arguments import check_vector, is_one
from keras_vae.distributions.likelihood import Likelihood
from keras_vae.distributions.posterior import Posterior
from keras_vae.errors import InvalidInputError
from keras_vae.serialization import register

tfd = tfp.distributions

SMALLEST = 1e-30
"""The minimum proportion, whose logarithm and inverse are finite in float32, in gradients too."""


class InteriorDirichlet(tfd.Dirichlet):
    """`tfd.Dirichlet` with samples bounded away from 0, so that densities and gradients are finite.

    A gamma variable of concentration a is a gamma variable of concentration a + 1, times U^(1 / a) with a uniform U. In
    logarithms, neither underflows for small a.
    """

    def _sample_n(self, n, seed=None):
        concentration = self.concentration
        larger_seed, uniform_seed = tfp.random.split_seed(seed, n=2, salt="dirichlet")
        larger = tfd.ExpGamma(concentration + 1, log_rate=0.0).sample(n, seed=larger_seed)
        uniform = tf.random.stateless_uniform(tf.shape(larger), uniform_seed)
        log_gamma = larger + tf.math.log1p(-uniform) / concentration
        return tf.maximum(tf.nn.softmax(log_gamma), SMALLEST)  # the sum stays 1 in float32


@register
class Dirichlet(Posterior, Likelihood):
    """Proportions x that sum to 1: log p(x) = sum (a - 1) log x - log B(a), in nats, a = softplus(raw) + minimum.

    As a posterior, it has a closed-form KL with `DirichletPrior`. Samples are reparameterised, except for proportions
    below 1e-30, which are clipped to this value.

    Args:
        event_shape: shape of one event, `(D,)` with D >= 2.
        min_concentration: lower bound of a, at least 0.01. For smaller values, samples in float32 are corners of the
            simplex.
        project: see `DistributionLayer`.

    Raises:
        InvalidInputError: if events are not vectors of at least two elements, or if `min_concentration` is below 0.01.

    Example:

    >>> posterior = Dirichlet((3,))
    >>> z = posterior.distribution(posterior(tf.ones((2, 8)))).sample(seed=(1, 2))
    >>> bool(tf.reduce_all(tf.abs(tf.reduce_sum(z, -1) - 1) < 1e-5))
    True

    References: Figurnov, Mohamed & Mnih, 2018, https://arxiv.org/abs/1805.08498; as the posterior of a VAE: Joo et
    al., 2019, https://arxiv.org/abs/1901.02739
    """

    parameters = ("raw_concentration",)
    support = "simplex"
    expects = "proportions strictly between 0 and 1 that sum to 1 over the last axis"
    advice = "smooth and rescale the data or use another likelihood"

    def __init__(self, event_shape: tuple[int, ...], *, min_concentration: float = 1e-2, **kwargs: Any):
        super().__init__(event_shape, **kwargs)
        check_vector("Dirichlet", self.event_shape, least=2)
        self.min_concentration = check_number("Dirichlet: min_concentration", min_concentration, above=0)
        if min_concentration < 0.01:
            raise InvalidInputError(f"Dirichlet: min_concentration must be at least 0.01; got {min_concentration!r}.")

    def distribution(self, parameters: Mapping[str, tf.Tensor]) -> tfd.Distribution:
        return InteriorDirichlet(tf.nn.softplus(parameters["raw_concentration"]) + self.min_concentration)

    def parameters_of_mean(self, mean: np.ndarray) -> dict[str, np.ndarray]:
        concentration = np.maximum(len(mean) * mean / mean.sum() - self.min_concentration, 1e-3)
        return {"raw_concentration": np.log(np.expm1(concentration))}

    def in_support(self, x: tf.Tensor) -> tf.Tensor:
        inside = tf.reduce_all((x > 0.0) & (x < 1.0), axis=-1, keepdims=True)
        return inside & is_one(tf.reduce_sum(x, axis=-1, keepdims=True))

    @property
    def fill_value(self) -> float:
        return 1.0 / self.event_shape[-1]

"""The power spherical distribution on the unit sphere."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

from keras_vae.checks import check_number
from keras_vae.distributions.arguments import check_vector, is_one
from keras_vae.distributions.likelihood import Likelihood
from keras_vae.distributions.posterior import Posterior
from keras_vae.serialization import register

tfd = tfp.distributions


class StablePowerSpherical(tfd.PowerSpherical):
    """`tfd.PowerSpherical` with a mean on the sphere, and finite samples, densities and gradients.

    `mean()` is the mean direction, a point on the sphere. The mean of the vectors is inside the ball, with norm
    concentration / (D - 1 + concentration). `variance()` is about this mean of the vectors.
    """

    def _mean(self):
        return tf.identity(self.mean_direction)

    def _variance(self):
        return tf.linalg.diag_part(self._covariance())

    def _sample_n(self, n, seed=None):
        mu, concentration = self.mean_direction, self.concentration
        size = self.event_shape[-1]
        half = tf.fill(tf.shape(concentration), (size - 1) / 2)
        beta_seed, tangent_seed = tfp.random.split_seed(seed, n=2, salt="power_spherical")
        log_gammas = tfd.ExpGamma(tf.stack([half + concentration, half]), log_rate=0.0).sample(n, seed=beta_seed)
        log_odds = (log_gammas[:, 0] - log_gammas[:, 1])[..., tf.newaxis]  # of (1 + t) / 2, which never rounds to 1
        t = tf.tanh(log_odds / 2)
        radius = 2 * tf.exp(0.5 * (tf.math.log_sigmoid(log_odds) + tf.math.log_sigmoid(-log_odds)))  # sqrt(1 - t^2)
        tangent = tf.random.stateless_normal(tf.concat([tf.shape(t)[:-1], [size - 1]], axis=0), tangent_seed)
        tangent = tf.math.l2_normalize(tangent, axis=-1, epsilon=1e-30)
        # The reflection that maps e_1 to mu, or to -mu if mu is close to e_1, where it would be ill-conditioned.
        sign = tf.where(mu[..., :1] > 0, -1.0, 1.0)
        y = tf.concat([sign * t, radius * tangent], axis=-1)
        u = tf.one_hot(0, size) - sign * mu
        x = y - u * tf.reduce_sum(y * u, -1, keepdims=True) / u[..., :1]  # |u|^2 = 2 u_1
        return tf.math.l2_normalize(x, axis=-1)

    def _log_unnormalized_prob(self, samples, concentration=None):
        concentration = self.concentration if concentration is None else concentration
        one_plus_inner = tf.reduce_sum(tf.square(samples + self.mean_direction), -1) / 2  # exact near -mean_direction
        return concentration * tf.math.log(tf.maximum(one_plus_inner, 1e-30))


@register
class PowerSpherical(Posterior, Likelihood):
    """The power spherical distribution around mu: log q(z) = k log(1 + mu . z) - log C(k), in nats.

    mu = direction / |direction| (the first axis if the direction is zero), k = softplus(raw) + min_concentration;
    C(k) = 2^(a + b) pi^b G(a) / G(a + b), a = b + k, b = (D - 1) / 2. In a hyperspherical VAE, it replaces the von
    Mises-Fisher distribution, whose sampler does not compile with XLA. Its KL with `UniformSpherePrior` has a closed
    form.

    `mean()` of the distribution is mu, a point on the sphere that can be decoded.

    Args:
        event_shape: shape of one event, `(D,)` with D >= 2. The sphere has D - 1 dimensions.
        min_concentration: lower bound of k.
        project: see `DistributionLayer`.

    Raises:
        InvalidInputError: if events are not vectors of at least two elements, or if `min_concentration` is not
            positive.

    Example:

    >>> posterior = PowerSpherical((3,))
    >>> z = posterior.distribution(posterior(tf.ones((2, 8)))).sample(seed=(1, 2))
    >>> bool(tf.reduce_all(tf.abs(tf.norm(z, axis=-1) - 1) < 1e-5))
    True

    References: De Cao & Aziz, 2020, https://arxiv.org/abs/2006.04437; the hyperspherical VAE: Davidson et al., 2018,
    https://arxiv.org/abs/1804.00891
    """

    parameters = ("direction", "raw_concentration")
    support = "sphere"
    expects = "vectors of length 1 over the last axis"
    advice = "normalize the data or use another likelihood"

    def __init__(self, event_shape: tuple[int, ...], *, min_concentration: float = 1e-3, **kwargs: Any):
        super().__init__(event_shape, **kwargs)
        check_vector("PowerSpherical", self.event_shape, least=2)
        self.min_concentration = check_number("PowerSpherical: min_concentration", min_concentration, above=0)

    @property
    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        return {"direction": self.event_shape, "raw_concentration": ()}

    def distribution(self, parameters: Mapping[str, tf.Tensor]) -> tfd.Distribution:
        return StablePowerSpherical(
            _on_sphere(parameters["direction"]),
            tf.nn.softplus(parameters["raw_concentration"]) + self.min_concentration,
        )

    def parameters_of_mean(self, mean: np.ndarray) -> dict[str, np.ndarray]:
        return {"direction": mean}

    def in_support(self, x: tf.Tensor) -> tf.Tensor:
        return is_one(tf.norm(x, axis=-1, keepdims=True))

    @property
    def fill_value(self) -> float:
        return self.event_shape[-1] ** -0.5


def _on_sphere(direction):
    """Returns `direction` / |direction|, or the first axis if the norm is zero."""
    largest = tf.reduce_max(tf.abs(direction), axis=-1, keepdims=True)
    zero = largest < math.sqrt(np.finfo("float32").tiny)
    first = tf.one_hot(0, direction.shape[-1])
    safe = tf.where(zero, first, direction)
    return tf.math.l2_normalize(safe / tf.where(zero, 1.0, tf.stop_gradient(largest)), axis=-1)

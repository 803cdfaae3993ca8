"""The normal distribution with correlated elements."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

from keras_vae.checks import check_number
from keras_vae.distributions.arguments import check_vector
from keras_vae.distributions.likelihood import Likelihood
from keras_vae.distributions.posterior import Posterior
from keras_vae.serialization import register

tfd = tfp.distributions


@register
class FullCovarianceNormal(Posterior, Likelihood):
    """The normal distribution N(loc, L L^T) over vectors, with a lower-triangular L.

    The diagonal of L is softplus(raw) + min_scale. The KL with a prior of independent normals, or with a normal of full
    covariance, has a closed form.

    Args:
        event_shape: shape of one event, `(D,)`. The distribution has D (D + 3) / 2 parameters.
        min_scale: lower bound of the diagonal of L, which keeps densities finite.
        project: see `DistributionLayer`.

    Raises:
        InvalidInputError: if events are not vectors, or if `min_scale` is not positive.

    Example:

    >>> posterior = FullCovarianceNormal((2,))
    >>> posterior.distribution(posterior(tf.ones((3, 8)))).covariance().shape
    TensorShape([3, 2, 2])

    Reference: Kingma & Welling, 2019, section 2.5.1, https://arxiv.org/abs/1906.02691
    """

    parameters = ("loc", "raw_tril")

    def __init__(self, event_shape: tuple[int, ...], *, min_scale: float = 1e-4, **kwargs: Any):
        super().__init__(event_shape, **kwargs)
        check_vector("FullCovarianceNormal", self.event_shape)
        self.min_scale = check_number("FullCovarianceNormal: min_scale", min_scale, above=0)

    @property
    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        (size,) = self.event_shape
        return {"loc": (size,), "raw_tril": (size * (size + 1) // 2,)}

    def distribution(self, parameters: Mapping[str, tf.Tensor]) -> tfd.Distribution:
        (size,) = self.event_shape
        # Products with constants, as the diagonal ops of TensorFlow do not compile with XLA for an unknown batch size.
        places = tf.reshape(tfp.math.fill_triangular(np.eye(size * (size + 1) // 2, dtype="float32")), (-1, size**2))
        raw = parameters["raw_tril"]
        tril = tf.reshape(tf.tensordot(raw, places, 1), tf.concat([tf.shape(raw)[:-1], [size, size]], axis=0))
        diagonal = tf.eye(size)
        tril = tril * (1 - diagonal) + (tf.nn.softplus(tril) + self.min_scale) * diagonal
        return tfd.MultivariateNormalTriL(parameters["loc"], tril)

    def parameters_of_mean(self, mean: np.ndarray) -> dict[str, np.ndarray]:
        return {"loc": mean}


@tfd.RegisterKL(tfd.MultivariateNormalTriL, tfd.Independent)
def _kl_to_independent_normals(q: tfd.Distribution, p: tfd.Distribution, name: str | None = None) -> tf.Tensor:
    """Returns KL(N(loc, L L^T) || N(m, diag(s^2))), in nats.

    The value is 1/2 (|L / s|^2 + |(loc - m) / s|^2 - D) - log det L + sum log s.
    """
    elements = p.distribution
    if not isinstance(elements, tfd.Normal) or p.event_shape.rank != 1:
        raise NotImplementedError(
            f"No closed-form KL of a full-covariance normal and {p.name} with elements {elements.name}."
        )
    with tf.name_scope(name or "kl_to_independent_normals"):
        tril = q.scale.to_dense()
        scale = tf.broadcast_to(elements.scale, tf.concat([p.batch_shape_tensor(), p.event_shape_tensor()], axis=0))
        whitened = tf.square(tril / scale[..., tf.newaxis])
        shift = tf.square((q.loc - elements.loc) / scale)
        log_ratio = tf.math.log(scale) - tf.math.log(tf.reduce_sum(tril * tf.eye(tf.shape(tril)[-1]), axis=-1))
        return tf.reduce_sum(0.5 * (tf.reduce_sum(whitened, -1) + shift - 1) + log_ratio, -1)

"""The coupling step of RealNVP."""

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from keras_vae.checks import check_flag
from keras_vae.errors import InvalidInputError
from keras_vae.layers.bijection import Bijection, bounded, broadcast
from keras_vae.layers.conditioner import Conditioner
from keras_vae.serialization import register


@register
class Coupling(Bijection):
    """An affine coupling: one half of the vector is unchanged and gives the shift and scale of the other half.

        y_1 = x_1,   y_2 = x_2 * exp(s) + t,   s = 3 tanh(r / 3),   (t, r) = network(x_1, c)

    Both directions take one pass of the network. The initial map is near the identity.

    Args:
        dim: length of the vectors, at least 2.
        units: widths of the hidden layers of the network.
        reverse: whether the second half is unchanged and the first is mapped. Alternate this from step to step.
        activation: Keras activation of the hidden layers.
        context_dim: length of the context. None for a map without context.
        seed: seed of the initial weights. None draws one.

    Raises:
        InvalidInputError: if a number is out of its range.

    Example:

    >>> step = Coupling(4, (16,))
    >>> y, log_det = step.forward(tf.ones((3, 4)))
    >>> np.allclose(step.inverse(y)[0], 1.0, atol=1e-5)
    True

    Reference: Dinh, Sohl-Dickstein & Bengio, 2017, https://arxiv.org/abs/1605.08803
    """

    def __init__(self, dim: int, units: Sequence[int] = (64,), *, reverse: bool = False, **kwargs: Any):
        super().__init__(dim, units, **kwargs)
        if self.dim < 2:
            raise InvalidInputError("Coupling: dim must be at least 2, two halves to couple; got 1. Use another flow.")
        self.reverse = check_flag("Coupling: reverse", reverse)
        first = (self.dim + 1) // 2
        self._sizes = (first, self.dim - first)
        staying, mapped = self._sizes[::-1] if self.reverse else self._sizes
        self.network = Conditioner(
            staying,
            2 * mapped,
            self.units,
            activation=self.activation,
            context_dim=self.context_dim,
            seed=self.seed,
            name="network",
        )

    def forward(self, x: tf.Tensor, context: tf.Tensor | None = None) -> tuple[tf.Tensor, tf.Tensor]:
        staying, mapped = self._split(broadcast(x, context))
        log_scale, shift = self._affine(staying, context)
        return self._join(staying, mapped * tf.exp(log_scale) + shift), tf.reduce_sum(log_scale, axis=-1)

    def inverse(self, y: tf.Tensor, context: tf.Tensor | None = None) -> tuple[tf.Tensor, tf.Tensor]:
        staying, mapped = self._split(broadcast(y, context))
        log_scale, shift = self._affine(staying, context)
        return self._join(staying, (mapped - shift) * tf.exp(-log_scale)), -tf.reduce_sum(log_scale, axis=-1)

    def _split(self, x):
        """Splits into the unchanged half and the mapped half."""
        parts = tf.split(x, self._sizes, axis=-1)
        return parts[::-1] if self.reverse else parts

    def _join(self, staying, mapped):
        return tf.concat([mapped, staying] if self.reverse else [staying, mapped], axis=-1)

    def _affine(self, staying, context):
        """The log-scale and the shift of the mapped half."""
        shift, raw = tf.split(self.network(staying, context), 2, axis=-1)
        return bounded(raw), shift

"""The autoregressive step of IAF and MAF."""

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from keras_vae.checks import check_flag
from keras_vae.layers.bijection import Bijection, bounded, broadcast
from keras_vae.layers.made import MADE
from keras_vae.serialization import register


@register
class AutoregressiveFlow(Bijection):
    """An affine map of each element, with shift and scale from the elements before it.

        y_d = x_d * exp(s_d) + t_d,      s_d = 3 tanh(r_d / 3),  (t_d, r_d) = MADE(x)_d
        y_d = x_d * g_d + (1 - g_d) t_d, g_d = sigmoid(r_d + 2)  when gated

    `forward` takes one pass of the network, `inverse` takes `dim` passes. The initial affine map is near the identity;
    the initial gated map scales by about sigmoid(2) = 0.88. The gated map never expands.

    Args:
        dim: length of the vectors.
        units: widths of the hidden layers of the MADE.
        gated: whether to use the gate, as IAF does.
        reverse: whether to use the order dim, ..., 1.
        activation: Keras activation of the hidden layers.
        context_dim: length of the context. None for a map without context.
        seed: seed of the initial weights. None draws one.

    Raises:
        InvalidInputError: if a number is out of its range, or if `gated` or `reverse` is not a bool.

    Example:

    >>> step = AutoregressiveFlow(3, (16,))
    >>> y, log_det = step.forward(tf.ones((4, 3)))
    >>> np.allclose(step.inverse(y)[0], 1.0, atol=1e-5)
    True

    References: Kingma et al., 2016, https://arxiv.org/abs/1606.04934; Papamakarios, Pavlakou & Murray, 2017,
    https://arxiv.org/abs/1705.07057
    """

    def __init__(
        self, dim: int, units: Sequence[int] = (64,), *, gated: bool = False, reverse: bool = False, **kwargs: Any
    ):
        super().__init__(dim, units, **kwargs)
        self.gated = check_flag("AutoregressiveFlow: gated", gated)
        self.reverse = check_flag("AutoregressiveFlow: reverse", reverse)
        self.network = MADE(
            self.dim,
            self.units,
            activation=self.activation,
            reverse=self.reverse,
            context_dim=self.context_dim,
            seed=self.seed,
            name="network",
        )

    def forward(self, x: tf.Tensor, context: tf.Tensor | None = None) -> tuple[tf.Tensor, tf.Tensor]:
        log_scale, shift = self._affine(x, context)
        return x * tf.exp(log_scale) + shift, tf.reduce_sum(log_scale, axis=-1)

    def inverse(self, y: tf.Tensor, context: tf.Tensor | None = None) -> tuple[tf.Tensor, tf.Tensor]:
        y = broadcast(y, context)
        degrees = tf.constant(self.network.degrees, tf.int32)

        def solve_one(degree, x):
            log_scale, shift = self._affine(x, context)
            return degree + 1, tf.where(degrees == degree, (y - shift) * tf.exp(-log_scale), x)

        start = (tf.constant(1), tf.zeros_like(y))
        _, x = tf.while_loop(lambda degree, _: degree <= self.dim, solve_one, start, maximum_iterations=self.dim)
        log_scale, _ = self._affine(x, context)
        return x, -tf.reduce_sum(log_scale, axis=-1)

    def _affine(self, x, context):
        """The log-scale and the shift of every element, `(..., dim)` each."""
        shift, raw = tf.unstack(self.network(x, context), axis=-1)
        if not self.gated:
            return bounded(raw), shift
        return tf.math.log_sigmoid(raw + 2.0), shift * tf.sigmoid(-raw - 2.0)

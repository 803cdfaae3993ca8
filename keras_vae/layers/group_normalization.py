"""Group normalisation with an activation."""

import contextlib
import contextvars
import functools
import math
from collections.abc import Callable, Iterator
from typing import Any

import keras
import tensorflow as tf

from keras_vae.serialization import Serializable, register

_compiled = contextvars.ContextVar("compiled", default=False)


@contextlib.contextmanager
def compiled_normalization(compiled: bool = True) -> Iterator[None]:
    """A context in which each `GroupNormalization` is compiled with XLA, together with its activation.

    It is for the training step of a convolutional network on a CPU, whose convolutions are slower with XLA.
    """
    token = _compiled.set(compiled)
    try:
        yield
    finally:
        _compiled.reset(token)


@register
class GroupNormalization(Serializable, keras.layers.GroupNormalization):
    """`keras.layers.GroupNormalization` followed by an activation, `(B, ..., C) -> (B, ..., C)`.

        y = a(gamma (x - mean) / sqrt(variance + epsilon) + beta)

    Mean and variance are over all positions and channels of a group, of one example.

    Args:
        groups: number of groups of channels.
        activation: Keras activation a; None for the identity.
        **kwargs: as in Keras. The axis of the channels is the last.

    Example:

    >>> layer = GroupNormalization(2, activation="swish")
    >>> layer(tf.ones((3, 7, 5, 4))).shape
    TensorShape([3, 7, 5, 4])

    Reference: Wu & He, 2018, https://arxiv.org/abs/1803.08494
    """

    def __init__(self, groups: int = 8, *, activation: str | None = None, **kwargs: Any):
        super().__init__(**{"groups": groups, **kwargs})
        self.activation = activation

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        function = keras.activations.get(self.activation)
        if not _compiled.get():
            return function(super().call(inputs))
        gamma, beta = tf.convert_to_tensor(self.gamma), tf.convert_to_tensor(self.beta)
        normalize = _normalization(self.groups, self.epsilon, function)
        channels = inputs.shape[-1]
        rows = tf.reshape(inputs, (-1, math.prod(inputs.shape[1:-1]), channels))
        return tf.reshape(normalize(rows, gamma, beta), tf.shape(inputs))


@functools.cache
def _normalization(groups: int, epsilon: float, activation: Callable) -> Callable:
    """The layer as a function of inputs `(B, N, C)`, gamma `(C,)` and beta `(C,)`, with its gradient.

    The gradient computes the normalised inputs again, which is faster than to read them from memory. Its sums and its
    result are two functions, because XLA would store what one function needs for both.
    """
    compiled = functools.partial(tf.function, jit_compile=True, autograph=False)

    def of_groups(values):
        """Means over the channels of each group, for each channel, `(B, C) -> (B, 1, C)`."""
        size = values.shape[-1] // groups
        means = tf.reduce_mean(tf.reshape(values, (-1, groups, size)), axis=2)
        return tf.repeat(means, size, axis=1)[:, tf.newaxis]

    def normalised(x, mean, scale):
        return (tf.cast(x, tf.float32) - mean) * scale

    def activated(x, gamma, beta):
        return activation(x * gamma + beta)

    def derivative(x, gamma, beta, dy):
        """The gradient before the activation."""
        y = x * gamma + beta
        with tf.GradientTape() as tape:
            tape.watch(y)
            result = activation(y)
        return tape.gradient(result, y, tf.cast(dy, tf.float32))

    @compiled
    def forward(x, gamma, beta):
        mean = of_groups(tf.reduce_mean(tf.cast(x, tf.float32), axis=1))
        variance = of_groups(tf.reduce_mean(tf.square(tf.cast(x, tf.float32) - mean), axis=1))
        scale = tf.math.rsqrt(variance + epsilon)
        return tf.cast(activated(normalised(x, mean, scale), gamma, beta), x.dtype), mean, scale

    @compiled
    def sums(x, gamma, beta, mean, scale, dy):
        x = normalised(x, mean, scale)
        dy = derivative(x, gamma, beta, dy)
        return tf.reduce_sum(dy, axis=1), tf.reduce_sum(dy * x, axis=1)

    @compiled
    def backward(x, gamma, beta, mean, scale, dy, of_shift, of_scale):
        dtype, positions, x = x.dtype, x.shape[1], normalised(x, mean, scale)
        dy = derivative(x, gamma, beta, dy)
        centre, slope = of_groups(of_shift * gamma) / positions, of_groups(of_scale * gamma) / positions
        return tf.cast(scale * (dy * gamma - centre - slope * x), dtype)

    @tf.custom_gradient
    def normalize(x, gamma, beta):
        result, mean, scale = forward(x, gamma, beta)

        def gradient(dy):
            of_shift, of_scale = sums(x, gamma, beta, mean, scale, dy)
            dx = backward(x, gamma, beta, mean, scale, dy, of_shift, of_scale)
            return dx, tf.reduce_sum(of_scale, axis=0), tf.reduce_sum(of_shift, axis=0)

        return result, gradient

    return normalize

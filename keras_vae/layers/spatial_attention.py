"""Self-attention over the positions of a feature map."""

import math
from typing import Any

import keras
import tensorflow as tf
from keras import ops

from keras_vae.checks import check_integer
from keras_vae.layers.group_normalization import GroupNormalization
from keras_vae.layers.residual_block import group_count
from keras_vae.serialization import Serializable, register


@register
class SpatialAttention(Serializable, keras.layers.Layer):
    """Self-attention over all positions of a map with a skip connection, `(B, H, W, C) -> (B, H, W, C)`.

        y = x + W softmax(q k^T / sqrt(C)) v,  (q, k, v) = linear maps of norm(x)

    W starts at zero, so the layer starts as the identity. Time and memory grow with `(H W)^2`, so it belongs to the
    lowest resolution of a network.

    Args:
        groups: maximum number of groups of channels for the normalisation, see `ResidualBlock`.

    Raises:
        InvalidInputError: if `groups` is not an integer >= 1.

    Example:

    >>> x = tf.random.normal((2, 4, 3, 8))
    >>> bool(tf.reduce_all(SpatialAttention()(x) == x))
    True

    Reference: Vaswani et al., 2017, https://arxiv.org/abs/1706.03762;
    Zhang, Goodfellow, Metaxas & Odena, 2019, https://arxiv.org/abs/1805.08318 (for images)
    """

    def __init__(self, *, groups: int = 8, **kwargs: Any):
        super().__init__(**kwargs)
        self.groups = check_integer("SpatialAttention: groups", groups)

    def build(self, input_shape: tuple[Any, ...]) -> None:
        channels = input_shape[-1]
        groups = group_count(self.groups, channels)
        self.norm = GroupNormalization(groups, dtype=self.dtype_policy, name="norm")
        self.projections = keras.layers.Dense(3 * channels, dtype=self.dtype_policy, name="projections")
        self.output_projection = keras.layers.Dense(
            channels, kernel_initializer="zeros", dtype=self.dtype_policy, name="output_projection"
        )
        for layer in (self.norm, self.projections, self.output_projection):
            layer.build(input_shape)

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        height, width, channels = inputs.shape[1:]
        query, key, value = ops.split(
            ops.reshape(self.projections(self.norm(inputs)), (-1, height * width, 3 * channels)), 3, axis=-1
        )
        scores = ops.matmul(query / math.sqrt(channels), ops.swapaxes(key, 1, 2))
        # 16-bit weights of many positions would not sum to 1.
        weights = ops.cast(ops.softmax(ops.cast(scores, "float32")), value.dtype)
        mixed = ops.reshape(ops.matmul(weights, value), (-1, height, width, channels))
        return inputs + self.output_projection(mixed)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return tuple(input_shape)

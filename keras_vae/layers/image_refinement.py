"""A residual network that corrects an image."""

from typing import Any

import keras
import tensorflow as tf
from keras import ops

from keras_vae.checks import check_integer
from keras_vae.serialization import Serializable, register


@register
class ImageRefinement(Serializable, keras.layers.Layer):
    """Adds a correction to an image, `(B, H, W, C) -> (B, H, W, C)`.

        y = x + patches(blocks(relu(conv(patches of x) + shift)))

    The shift `(B, filters)` is an optional second input, for what the image does not tell. Each patch of the image
    becomes one position of the convolutions, which work at this resolution alone. The last convolution starts at zero,
    so that a new layer returns the image as it is.

    Args:
        patch_size: side of the patches.
        filters: number of filters.
        blocks: number of blocks of two convolutions with a skip connection.

    Raises:
        InvalidInputError: if a number is not an integer >= 1.

    Example:

    >>> x = tf.random.normal((2, 30, 20, 3))
    >>> bool(tf.reduce_all(ImageRefinement(4)(x) == x))
    True

    Reference: Zhang, Zuo, Chen, Meng & Zhang, 2017, https://arxiv.org/abs/1608.03981 (learning the correction);
    Shi et al., 2016, https://arxiv.org/abs/1609.05158 (convolutions at low resolution)
    """

    def __init__(self, patch_size: int = 4, *, filters: int = 96, blocks: int = 2, **kwargs: Any):
        super().__init__(**{"autocast": False, **kwargs})  # the image keeps its precision
        self.patch_size = check_integer("ImageRefinement: patch_size", patch_size)
        self.filters = check_integer("ImageRefinement: filters", filters)
        self.blocks = check_integer("ImageRefinement: blocks", blocks)

    def build(self, x_shape: tuple[int, ...], shift_shape: tuple[int, ...] | None = None) -> None:
        height, width, channels = x_shape[1:]
        self.grid = tuple(-(-size // self.patch_size) for size in (height, width))  # rounded up
        values = self.patch_size**2 * channels
        self.first = self._conv(self.filters, "first")
        self.pairs = [
            (self._conv(self.filters, f"block_{i}_0", activation="relu"), self._conv(self.filters, f"block_{i}_1"))
            for i in range(self.blocks)
        ]
        self.last = self._conv(values, "last", kernel_initializer="zeros")
        self.first.build((None, *self.grid, values))
        for layer in (*(layer for pair in self.pairs for layer in pair), self.last):
            layer.build((None, *self.grid, self.filters))

    def _conv(self, filters, name, **options):
        return keras.layers.Conv2D(filters, 3, padding="same", dtype=self.dtype_policy, name=name, **options)

    def call(self, x: tf.Tensor, shift: tf.Tensor | None = None) -> tf.Tensor:
        height, width = x.shape[1:3]
        below, right = (n * self.patch_size - size for n, size in zip(self.grid, (height, width), strict=True))
        padded = ops.pad(x, ((0, 0), (0, below), (0, right), (0, 0)))
        y = self.first(ops.space_to_depth(padded, self.patch_size, data_format="channels_last"))
        y = ops.relu(y if shift is None else y + ops.cast(shift[:, None, None], y.dtype))
        for one, two in self.pairs:
            y = y + two(one(y))
        correction = ops.depth_to_space(self.last(y), self.patch_size, data_format="channels_last")
        return x + ops.cast(correction[:, :height, :width], x.dtype)

    def compute_output_shape(
        self, x_shape: tuple[int | None, ...], shift_shape: tuple[int | None, ...] | None = None
    ) -> tuple[int | None, ...]:
        return tuple(x_shape)

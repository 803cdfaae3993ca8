"""Upsampling by a convolution at low resolution."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from keras_vae.checks import check_integer
from keras_vae.serialization import Serializable, register


@register
class EqualSubkernels(Serializable, keras.initializers.Initializer):
    """Draws one Glorot-uniform kernel and repeats it for all `copies` of the output channels."""

    def __init__(self, copies: int, seed: int | None = None):
        self.copies = copies
        # Its seed comes from Python's random generator, as those of Keras's own initializers: see `initial_weights`.
        self.one = keras.initializers.GlorotUniform(seed)
        self.seed = seed

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> tf.Tensor:
        kernel = self.one((*shape[:-1], shape[-1] // self.copies), dtype=dtype)
        return tf.tile(kernel, (*(1 for _ in shape[:-1]), self.copies))


@register
class SubpixelUpsampling(Serializable, keras.layers.Layer):
    """A convolution to `factor^2 filters` channels, rearranged to pixels, `(B, H, W, C) -> (B, fH, fW, filters)`.

    It needs fewer products than upsampling before the convolution, by `factor^2`. The kernels of the `factor^2` pixels
    start equal, so that the initial output is constant within each block of `factor` by `factor` pixels.

    Args:
        filters: number of output channels.
        factor: ratio f of the output's height and width to those of the input.
        kernel_size: side of the convolution kernels.

    Raises:
        InvalidInputError: if a number is not an integer >= 1.

    Example:

    >>> y = SubpixelUpsampling(3)(tf.random.normal((2, 5, 4, 6)))
    >>> y.shape, bool(tf.reduce_all(y[:, ::2, ::2] == y[:, 1::2, 1::2]))
    (TensorShape([2, 10, 8, 3]), True)

    Reference: Shi et al., 2016, https://arxiv.org/abs/1609.05158;
    Aitken et al., 2017, https://arxiv.org/abs/1707.02937 (the initial weights)
    """

    def __init__(self, filters: int, *, factor: int = 2, kernel_size: int = 3, **kwargs: Any):
        super().__init__(**kwargs)
        self.filters = check_integer("SubpixelUpsampling: filters", filters)
        self.factor = check_integer("SubpixelUpsampling: factor", factor)
        self.kernel_size = check_integer("SubpixelUpsampling: kernel_size", kernel_size)
        self.conv = keras.layers.Conv2D(
            filters * factor**2,
            kernel_size,
            padding="same",
            kernel_initializer=EqualSubkernels(factor**2),
            dtype=self.dtype_policy,
            name="conv",
        )

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        self.conv.build(input_shape)

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        x = self.conv(inputs)
        return x if self.factor == 1 else keras.ops.depth_to_space(x, self.factor, data_format="channels_last")

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        batch, height, width, _ = input_shape
        height, width = (None if size is None else size * self.factor for size in (height, width))
        return batch, height, width, self.filters

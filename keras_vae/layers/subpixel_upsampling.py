"""Upsampling by a convolution at low resolution."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_vae.checks import check_integer
from keras_vae.serialization import Serializable, register


@register
class BilinearSubkernels(Serializable, keras.initializers.Initializer):
    """The kernels of bilinear upsampling by `factor` after one Glorot-uniform map of the channels."""

    def __init__(self, factor: int, seed: int | None = None):
        self.factor = factor
        # Its seed comes from Python's random generator, as those of Keras's own initializers: see `initial_weights`.
        self.mix = keras.initializers.GlorotUniform(seed)
        self.seed = seed

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> tf.Tensor:
        height, width, channels, outputs = shape
        mix = self.mix((channels, outputs // self.factor**2), dtype=dtype)
        rows, columns = (tf.constant(_bilinear(size, self.factor), mix.dtype) for size in (height, width))
        return tf.reshape(tf.einsum("ip,jq,cf->pqcijf", rows, columns, mix), shape)


def _bilinear(size: int, factor: int) -> np.ndarray:
    """The weights of the neighbours for each of the pixels that replace one, `(factor, size)`."""
    weights, centre = np.zeros((factor, size)), (size - 1) // 2
    for pixel in range(factor):
        offset = (pixel + 0.5) / factor - 0.5
        beside = int(np.clip(centre + np.sign(offset), 0, size - 1))
        weights[pixel, centre] += 1 - abs(offset)
        weights[pixel, beside] += abs(offset)
    return weights


@register
class SubpixelUpsampling(Serializable, keras.layers.Layer):
    """A convolution to `factor^2 filters` channels, rearranged to pixels, `(B, H, W, C) -> (B, fH, fW, filters)`.

    It needs fewer products than upsampling before the convolution, by `factor^2`. It starts as bilinear upsampling of a
    linear map of the channels, so that a new layer draws no blocks of `factor` by `factor` pixels.

    Args:
        filters: number of output channels.
        factor: ratio f of the output's height and width to those of the input.
        kernel_size: side of the convolution kernels.

    Raises:
        InvalidInputError: if a number is not an integer >= 1.

    Example:

    >>> ramp = tf.reshape(tf.range(5.0), (1, 5, 1, 1))
    >>> y = SubpixelUpsampling(3)(ramp)
    >>> steps = np.diff(y[0, 1:-1, 0, 0])
    >>> y.shape, np.allclose(steps, steps[0])
    (TensorShape([1, 10, 2, 3]), True)

    Reference: Shi et al., 2016, https://arxiv.org/abs/1609.05158;
    Aitken et al., 2017, https://arxiv.org/abs/1707.02937 (initial weights without artefacts)
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
            kernel_initializer=BilinearSubkernels(factor),
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

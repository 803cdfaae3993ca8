"""Nearest-neighbour upsampling and a convolution as one transposed convolution."""

from typing import Any

import keras
import tensorflow as tf
from keras import ops

from keras_vae.serialization import Serializable, register


@register
class UpsampledConv2D(Serializable, keras.layers.Conv2D):
    """`keras.layers.UpSampling2D(2)` and then `keras.layers.Conv2D`, `(B, H, W, C) -> (B, 2H, 2W, filters)`.

    The kernel of k by k pixels reads only (k + 1)^2 / 4 different pixels of the smaller image for each position. Their
    sum of weights is the kernel of a transposed convolution with k + 1 by k + 1 pixels, which needs fewer products by
    k^2 / ((k + 1)^2 / 4), that is 9 / 4 for k = 3. It is used where the image has at least as many positions as
    channels; elsewhere, to add the weights takes as long as what it saves.

    Args:
        filters: number of output channels.
        kernel_size: side k of the kernel, an odd number for the transposed convolution.
        **kwargs: as in Keras; the strides are 1, and the padding is `"same"`.

    Example:

    >>> UpsampledConv2D(3)(tf.zeros((2, 5, 4, 6))).shape
    TensorShape([2, 10, 8, 3])

    Reference: Odena, Dumoulin & Olah, 2016, https://doi.org/10.23915/distill.00003
    """

    def __init__(self, filters: int, kernel_size: int | tuple[int, int] = 3, **kwargs: Any):
        super().__init__(**{"filters": filters, "kernel_size": kernel_size, "padding": "same", **kwargs})

    def convolution_op(self, inputs: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
        height, width, channels = inputs.shape[1:]
        if height * width >= channels and all(side % 2 for side in self.kernel_size):
            return ops.conv_transpose(inputs, _of_transposed(kernel), strides=2, padding="same")
        return super().convolution_op(ops.repeat(ops.repeat(inputs, 2, axis=1), 2, axis=2), kernel)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        batch, height, width, _ = input_shape
        return batch, *(None if size is None else 2 * size for size in (height, width)), self.filters


def _of_transposed(kernel: tf.Tensor) -> tf.Tensor:
    """Returns the kernel of the transposed convolution, `(k, k, C, F) -> (k + 1, k + 1, F, C)`."""
    placed = [ops.pad(kernel, ((i, 1 - i), (j, 1 - j), (0, 0), (0, 0))) for i in (0, 1) for j in (0, 1)]
    return ops.transpose(ops.flip(sum(placed), axis=(0, 1)), (0, 1, 3, 2))

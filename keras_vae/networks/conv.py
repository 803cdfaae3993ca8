"""Convolutional encoder and decoder for images of at least 8x8."""

import math
from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from keras_vae.errors import InvalidInputError
from keras_vae.networks.regularized import Regularized
from keras_vae.serialization import register
from keras_vae.widths import check_widths, halved

WIDTHS = (32, 64, 128, 256)


def halvings(height: int, width: int) -> int:
    """Returns the number of downsampling steps, at least one, until the shorter side has 4 to 7 pixels.

    Example:

    >>> halvings(28, 28), halvings(64, 100)
    (2, 4)
    """
    return max(1, math.ceil(math.log2(min(height, width) / 7)))


def default_filters(height: int, width: int) -> tuple[int, ...]:
    """Returns 32 to 256 filters, one for each downsampling step until the shorter side has 4 to 7 pixels.

    Example:

    >>> default_filters(28, 28), default_filters(64, 64)
    ((32, 64), (32, 64, 128, 256))
    """
    return tuple(WIDTHS[min(i, len(WIDTHS) - 1)] for i in range(halvings(height, width)))


def check_image_shape(part: str, shape: Sequence[int]) -> tuple[int, int, int]:
    """Returns `shape` as a tuple; raises `InvalidInputError` if it is not an image of at least 8x8."""
    if len(shape) != 3 or min(shape[:2]) < 8:
        raise InvalidInputError(
            f"{part}: expected images (height, width, channels) of at least 8x8, got {tuple(shape)}; "
            "use the MLP networks for other data."
        )
    height, width, channels = shape
    return height, width, channels


def check_filters(part: str, filters: Sequence[int] | None, sizes: tuple[int, int]) -> tuple[int, ...]:
    """Returns `filters` as a tuple, or `default_filters` for None; raises `InvalidInputError` if it is empty."""
    if filters is None:
        return default_filters(*sizes)
    filters = check_widths(f"{part}: filters", filters)
    if not filters:
        raise InvalidInputError(f"{part}: filters must be one or more integers, such as (32, 64); got none.")
    return filters


@register
class ConvEncoder(Regularized):
    """Strided convolutions and a dense layer, `(B, H, W, C) -> (B, units)`.

    Args:
        input_shape: `(H, W, C)`, where H and W are at least 8 and need not be even or equal.
        filters: number of filters of each downsampling step. None uses 32, 64, 128, 256, 256, ..., until the
            shorter side has 4 to 7 pixels.
        units: width of the dense layer.
        kernel_size: side of the convolution kernels.
        activation: Keras activation.
        **kwargs: `l2` and `spectral_normalization`, see `Regularized`.

    Raises:
        InvalidInputError: if the input is not an image of at least 8x8.

    Example:

    >>> ConvEncoder((28, 20, 1))(tf.zeros((2, 28, 20, 1))).shape
    TensorShape([2, 256])
    """

    def __init__(
        self,
        input_shape: tuple[int, ...],
        filters: Sequence[int] | None = None,
        *,
        units: int = 256,
        kernel_size: int = 3,
        activation: str = "relu",
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        input_shape = check_image_shape("ConvEncoder", input_shape)
        self.filters = check_filters("ConvEncoder", filters, input_shape[:2])
        self.units = units
        self.kernel_size = kernel_size
        self.activation = activation
        self.stages = [
            self.kernel_layer(keras.layers.Conv2D, n, kernel_size, strides=2, padding="same", activation=activation)
            for n in self.filters
        ]
        self.flatten = self.layer(keras.layers.Flatten)
        self.dense = self.kernel_layer(keras.layers.Dense, units, activation=activation)
        self.build_on(input_shape)

    def call(self, x: tf.Tensor) -> tf.Tensor:
        for stage in self.stages:
            x = stage(x)
        return self.dense(self.flatten(x))


@register
class ConvDecoder(Regularized):
    """The mirror image of `ConvEncoder`, `(B, *latent_shape) -> (B, H, W, features)`.

    Each transposed convolution doubles the size of the image, which is cropped where the encoder rounds up.

    Args:
        input_shape: shape of one latent vector, such as `(16,)`.
        image_shape: `(H, W, C)` of the images. The likelihood maps the features to C channels.
        filters: number of filters of each upsampling step, from the latent side. None uses those of
            `ConvEncoder` in reverse.
        units: width of the dense layer.
        features: number of output feature maps.
        kernel_size: side of the convolution kernels.
        activation: Keras activation.
        **kwargs: `l2` and `spectral_normalization`, see `Regularized`.

    Raises:
        InvalidInputError: if `image_shape` is not an image of at least 8x8.

    Example:

    >>> ConvDecoder((16,), (28, 20, 1))(tf.zeros((2, 16))).shape
    TensorShape([2, 28, 20, 16])
    """

    def __init__(
        self,
        input_shape: tuple[int, ...],
        image_shape: tuple[int, ...],
        filters: Sequence[int] | None = None,
        *,
        units: int = 256,
        features: int = 16,
        kernel_size: int = 3,
        activation: str = "relu",
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.image_shape = check_image_shape("ConvDecoder", image_shape)
        if filters is None:
            filters = default_filters(*self.image_shape[:2])[::-1]
        self.filters = check_filters("ConvDecoder", filters, self.image_shape[:2])
        self.units = units
        self.features = features
        self.kernel_size = kernel_size
        self.activation = activation
        # [(7, 7), (14, 14), (28, 28)]: the sizes in the encoder, in reverse
        self.sizes = halved(self.image_shape[:2], len(self.filters))[::-1]
        start = (*self.sizes[0], self.filters[0])
        self.flatten = self.layer(keras.layers.Flatten)
        self.dense = self.kernel_layer(keras.layers.Dense, units, activation=activation)
        self.grid = self.kernel_layer(keras.layers.Dense, math.prod(start), activation=activation)
        self.reshape = self.layer(keras.layers.Reshape, start)
        self.stages = [
            self.kernel_layer(
                keras.layers.Conv2DTranspose, n, kernel_size, strides=2, padding="same", activation=activation
            )
            for n in (*self.filters[1:], features)
        ]
        self.build_on(tuple(input_shape))

    def call(self, z: tf.Tensor) -> tf.Tensor:
        x = self.reshape(self.grid(self.dense(self.flatten(z))))
        for stage, (height, width) in zip(self.stages, self.sizes[1:], strict=True):
            x = stage(x)
            if x.shape[1:3] != (height, width):
                x = x[:, :height, :width]
        return x

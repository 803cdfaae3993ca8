"""Residual convolutional encoder and decoder, for codes that are vectors or maps."""

import math
from collections.abc import Sequence
from typing import Any

import keras

from keras_vae.checks import check_integer
from keras_vae.errors import InvalidInputError
from keras_vae.layers.residual_block import ResidualBlock, group_count
from keras_vae.networks.conv import check_filters, check_image_shape, default_filters
from keras_vae.networks.network import Network
from keras_vae.networks.widths import halved
from keras_vae.serialization import register


class _ResNet(Network):
    """Stages of residual blocks, and what encoder and decoder share of their arguments."""

    body: list[keras.layers.Layer]
    filters: tuple[int, ...]
    activation: str
    spatial: bool

    def _set_sizes(self, *, blocks, units, kernel_size, groups):
        part = type(self).__name__
        self.blocks = check_integer(f"{part}: blocks", blocks)
        self.units = check_integer(f"{part}: units", units)
        self.kernel_size = check_integer(f"{part}: kernel_size", kernel_size)
        self.groups = check_integer(f"{part}: groups", groups)

    def _conv(self, filters, name, **options):
        return self.layer(keras.layers.Conv2D, filters, self.kernel_size, padding="same", name=name, **options)

    def _stage(self, filters, name):
        options = {"kernel_size": self.kernel_size, "activation": self.activation, "groups": self.groups}
        return [self.layer(ResidualBlock, filters, name=f"{name}_block_{i}", **options) for i in range(self.blocks)]

    def _last_norm(self, filters):
        return [
            self.layer(keras.layers.GroupNormalization, group_count(self.groups, filters), name="last_norm"),
            self.layer(keras.layers.Activation, self.activation, name="last_activation"),
        ]

    def _dense(self, units, name):
        return self.layer(keras.layers.Dense, units, activation=self.activation, name=name)

    def call(self, x):
        for layer in self.body:
            x = layer(x)
        return x


@register
class ResNetEncoder(_ResNet):
    """Strided convolutions, each followed by residual blocks, `(B, H, W, C) -> (B, units)`.

    With `spatial=True` it ends in the map of the last stage, `(B, h, w, filters[-1])`: H and W halved, rounding up,
    once for each of the `filters`.

    Args:
        input_shape: `(H, W, C)`, H and W at least 8; they need not be even or equal.
        filters: number of filters of each stage; chosen by `default_filters` when None.
        blocks: residual blocks of each stage.
        units: width of the dense layer at the end; unused where `spatial`.
        kernel_size: side of the convolution kernels.
        activation: a Keras activation.
        groups: groups of channels of the normalisation, see `ResidualBlock`.
        spatial: whether to end in a map, for a posterior over codes `(h, w, c)`.

    Raises:
        InvalidInputError: if the input is no image of at least 8x8, or a number is no integer >= 1.

    Example:

    >>> ResNetEncoder((28, 20, 1), (8, 16))(tf.zeros((2, 28, 20, 1))).shape
    TensorShape([2, 256])
    >>> ResNetEncoder((28, 20, 1), (8, 16), spatial=True)(tf.zeros((2, 28, 20, 1))).shape
    TensorShape([2, 7, 5, 16])

    Reference: He, Zhang, Ren & Sun, 2016, https://arxiv.org/abs/1603.05027
    """

    def __init__(
        self,
        input_shape: tuple[int, ...],
        filters: Sequence[int] | None = None,
        *,
        blocks: int = 1,
        units: int = 256,
        kernel_size: int = 3,
        activation: str = "swish",
        groups: int = 8,
        spatial: bool = False,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        input_shape = check_image_shape("ResNetEncoder", input_shape)
        self.filters = check_filters("ResNetEncoder", filters, input_shape[:2])
        self._set_sizes(blocks=blocks, units=units, kernel_size=kernel_size, groups=groups)
        self.activation = activation
        self.spatial = spatial
        body = [self._conv(self.filters[0], "stem")]
        for i, n in enumerate(self.filters):
            body += [self._conv(n, f"stage_{i}_down", strides=2), *self._stage(n, f"stage_{i}")]
        body += self._last_norm(self.filters[-1])
        if not spatial:
            body += [self.layer(keras.layers.Flatten, name="flatten"), self._dense(units, "dense")]
        self.body = body
        self.build_on(input_shape)


@register
class ResNetDecoder(_ResNet):
    """The mirror of `ResNetEncoder`, `(B, *latent_shape) -> (B, H, W, features)`.

    Each stage of residual blocks is followed by a doubling, nearest neighbour and a convolution, which is cropped
    where the encoder had rounded up.

    Args:
        input_shape: shape of one code, such as `(16,)`; `(h, w, c)` where `spatial`, with h and w as the encoder's.
        image_shape: `(H, W, C)` of the images to be described; C is left to the likelihood's head.
        filters: number of filters of each stage, from the code outwards; the mirror of `default_filters` when None.
        blocks: residual blocks of each stage.
        units: width of the dense layer at the start; unused where `spatial`.
        features: number of feature maps that the last doubling gives.
        kernel_size: side of the convolution kernels.
        activation: a Keras activation.
        groups: groups of channels of the normalisation, see `ResidualBlock`.
        spatial: whether codes are maps.

    Raises:
        InvalidInputError: if `image_shape` is no image of at least 8x8, a number is no integer >= 1, or codes are
            maps of another size than the encoder's.

    Example:

    >>> ResNetDecoder((16,), (28, 20, 1), (16, 8))(tf.zeros((2, 16))).shape
    TensorShape([2, 28, 20, 16])
    >>> ResNetDecoder((7, 5, 3), (28, 20, 1), (16, 8), spatial=True)(tf.zeros((2, 7, 5, 3))).shape
    TensorShape([2, 28, 20, 16])

    Reference: He, Zhang, Ren & Sun, 2016, https://arxiv.org/abs/1603.05027;
    Odena, Dumoulin & Olah, 2016, https://doi.org/10.23915/distill.00003 (doubling without checkerboards)
    """

    def __init__(
        self,
        input_shape: tuple[int, ...],
        image_shape: tuple[int, ...],
        filters: Sequence[int] | None = None,
        *,
        blocks: int = 1,
        units: int = 256,
        features: int = 16,
        kernel_size: int = 3,
        activation: str = "swish",
        groups: int = 8,
        spatial: bool = False,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        input_shape = tuple(input_shape)
        self.image_shape = check_image_shape("ResNetDecoder", image_shape)
        if filters is None:
            filters = default_filters(*self.image_shape[:2])[::-1]
        self.filters = check_filters("ResNetDecoder", filters, self.image_shape[:2])
        self._set_sizes(blocks=blocks, units=units, kernel_size=kernel_size, groups=groups)
        self.features = check_integer("ResNetDecoder: features", features)
        self.activation = activation
        self.spatial = spatial
        sizes = halved(self.image_shape[:2], len(self.filters))[::-1]
        if spatial:
            if len(input_shape) != 3 or input_shape[:2] != sizes[0]:
                raise InvalidInputError(
                    f"ResNetDecoder: expected codes of shape {(*sizes[0], 'c')} for images of {self.image_shape} "
                    f"and {len(self.filters)} stages; got {input_shape}."
                )
            body = [self._conv(self.filters[0], "stem")]
        else:
            start = (*sizes[0], self.filters[0])
            body = [
                self.layer(keras.layers.Flatten, name="flatten"),
                self._dense(units, "dense"),
                self.layer(keras.layers.Dense, math.prod(start), name="grid"),
                self.layer(keras.layers.Reshape, start, name="reshape"),
            ]
        for i, (n, following) in enumerate(zip(self.filters, (*self.filters[1:], features), strict=True)):
            (height, width), (new_height, new_width) = sizes[i : i + 2]
            crop = ((0, 2 * height - new_height), (0, 2 * width - new_width))
            body += [
                *self._stage(n, f"stage_{i}"),
                self.layer(keras.layers.UpSampling2D, 2, name=f"stage_{i}_up"),
                self.layer(keras.layers.Cropping2D, crop, name=f"stage_{i}_crop"),
                self._conv(following, f"stage_{i}_conv"),
            ]
        self.body = [*body, *self._last_norm(features)]
        self.build_on(input_shape)

"""Residual convolutional encoder and decoder, for latent vectors or latent maps."""

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
    """The stages of residual blocks, and the arguments that encoder and decoder share."""

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

    With `spatial=True`, the output is the feature map of the last stage, `(B, h, w, filters[-1])`, where h and w are H
    and W, halved and rounded up once for each of the `filters`.

    Args:
        input_shape: `(H, W, C)`, where H and W are at least 8 and need not be even or equal.
        filters: number of filters of each stage. None uses `default_filters`.
        blocks: number of residual blocks per stage.
        units: width of the final dense layer; unused if `spatial`.
        kernel_size: side of the convolution kernels.
        activation: Keras activation.
        groups: number of channel groups of the normalisation, see `ResidualBlock`.
        spatial: whether the output is a map, for a posterior over latent maps `(h, w, c)`.

    Raises:
        InvalidInputError: if the input is not an image of at least 8x8, or if a number is not an integer >= 1.

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
    """The mirror image of `ResNetEncoder`, `(B, *latent_shape) -> (B, H, W, features)`.

    After each stage of residual blocks, nearest-neighbour upsampling and a convolution double the size of the image,
    which is cropped where the encoder rounds up.

    Args:
        input_shape: shape of one latent vector, such as `(16,)`; if `spatial`, `(h, w, c)` with the h and w of the
            encoder.
        image_shape: `(H, W, C)` of the images. The likelihood maps the features to C channels.
        filters: number of filters of each stage, from the latent side. None uses `default_filters` in reverse.
        blocks: number of residual blocks per stage.
        units: width of the first dense layer; unused if `spatial`.
        features: number of output feature maps.
        kernel_size: side of the convolution kernels.
        activation: Keras activation.
        groups: number of channel groups of the normalisation, see `ResidualBlock`.
        spatial: whether the latents are maps.

    Raises:
        InvalidInputError: if `image_shape` is not an image of at least 8x8, if a number is not an integer >= 1, or if
            the size of latent maps differs from that of the encoder.

    Example:

    >>> ResNetDecoder((16,), (28, 20, 1), (16, 8))(tf.zeros((2, 16))).shape
    TensorShape([2, 28, 20, 16])
    >>> ResNetDecoder((7, 5, 3), (28, 20, 1), (16, 8), spatial=True)(tf.zeros((2, 7, 5, 3))).shape
    TensorShape([2, 28, 20, 16])

    Reference: He, Zhang, Ren & Sun, 2016, https://arxiv.org/abs/1603.05027;
    Odena, Dumoulin & Olah, 2016, https://doi.org/10.23915/distill.00003 (upsampling without checkerboards)
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

"""Residual convolutional encoder and decoder, for latent vectors or latent maps."""

import math
from collections.abc import Sequence
from typing import Any

import keras

from keras_vae.checks import check_flag, check_integer, is_integer
from keras_vae.errors import InvalidInputError
from keras_vae.layers.group_normalization import GroupNormalization
from keras_vae.layers.residual_block import ResidualBlock, group_count
from keras_vae.layers.spatial_attention import SpatialAttention
from keras_vae.layers.subpixel_upsampling import SubpixelUpsampling
from keras_vae.layers.upsampled_conv2d import UpsampledConv2D
from keras_vae.networks.conv import check_filters, check_image_shape, default_filters
from keras_vae.networks.network import Network
from keras_vae.serialization import get, register
from keras_vae.widths import halved, in_patches

PATCH_SIZES = (1, 2, 4)
UPSAMPLINGS = ("nearest", "subpixel")


class _ResNet(Network):
    """The stages of residual blocks, and the arguments that encoder and decoder share."""

    body: list[keras.layers.Layer]
    filters: tuple[int, ...]
    activation: str
    spatial: bool

    def _set_options(self, *, blocks, units, kernel_size, groups, attention, patch_size):
        part = type(self).__name__
        self.blocks = check_integer(f"{part}: blocks", blocks)
        self.units = check_integer(f"{part}: units", units)
        self.kernel_size = check_integer(f"{part}: kernel_size", kernel_size)
        self.groups = check_integer(f"{part}: groups", groups)
        self.patch_size = check_patch_size(part, patch_size)
        self.attention = check_flag(f"{part}: attention", attention)

    def _conv(self, filters, name, **options):
        options = {"kernel_size": self.kernel_size, "padding": "same", **options}
        return self.layer(keras.layers.Conv2D, filters, name=name, **options)

    def _stage(self, filters, name):
        options = {
            "kernel_size": self.kernel_size,
            "activation": self.activation,
            "groups": self.groups,
        }
        return [self.layer(ResidualBlock, filters, name=f"{name}_block_{i}", **options) for i in range(self.blocks)]

    def _attention(self):
        return [self.layer(SpatialAttention, groups=self.groups, name="attention")] if self.attention else []

    def _last_norm(self, filters):
        groups = group_count(self.groups, filters)
        return self.layer(GroupNormalization, groups, activation=self.activation, name="last_norm")

    def _dense(self, units, name):
        return self.layer(keras.layers.Dense, units, activation=self.activation, name=name)

    def call(self, x):
        for layer in self.body:
            x = layer(x)
        return x


def check_patch_size(part: str, patch_size: int) -> int:
    """Returns `patch_size`; raises `InvalidInputError` if it is not 1, 2 or 4."""
    if is_integer(patch_size) and patch_size in PATCH_SIZES:
        return int(patch_size)
    raise InvalidInputError(f"{part}: expected a patch_size of 1, 2 or 4, got {patch_size!r}.")


@register
class ResNetEncoder(_ResNet):
    """Strided convolutions, each followed by residual blocks, `(B, H, W, C) -> (B, units)`.

    With `spatial=True`, the output is the feature map of the last stage, `(B, h, w, filters[-1])`, where h and w are H
    and W, divided by `patch_size`, halved once for each of the `filters`, and rounded up.

    Args:
        input_shape: `(H, W, C)`, where H and W are at least 8 and need not be even or equal.
        filters: number of filters of each stage. None uses 32, 64, 128, 256, 256, ..., until the shorter side
            has 4 to 7 patches.
        blocks: number of residual blocks per stage.
        units: width of the final dense layer; unused if `spatial`.
        kernel_size: side of the convolution kernels.
        activation: Keras activation.
        groups: number of channel groups of the normalisation, see `ResidualBlock`.
        attention: whether to add `SpatialAttention` at the lowest resolution.
        patch_size: side of the patches that the first convolution reads, 1, 2 or 4. Above 1, each patch becomes one
            position, so that no convolution works at full resolution.
        spatial: whether the output is a map, for a posterior over latent maps `(h, w, c)`.

    Raises:
        InvalidInputError: if the input is not an image of at least 8x8, if a number is not an integer >= 1, or for
            another patch size.

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
        attention: bool = False,
        patch_size: int = 1,
        spatial: bool = False,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        input_shape = check_image_shape("ResNetEncoder", input_shape)
        self._set_options(
            blocks=blocks,
            units=units,
            kernel_size=kernel_size,
            groups=groups,
            attention=attention,
            patch_size=patch_size,
        )
        grid = in_patches(input_shape[:2], self.patch_size)
        self.filters = check_filters("ResNetEncoder", filters, grid)
        self.activation = activation
        self.spatial = spatial
        self.map_shape = (*halved(grid, len(self.filters))[-1], self.filters[-1])
        stem = {} if patch_size == 1 else {"kernel_size": patch_size, "strides": patch_size}
        body = [self._conv(self.filters[0], "stem", **stem)]
        for i, n in enumerate(self.filters):
            body += [self._conv(n, f"stage_{i}_down", strides=2), *self._stage(n, f"stage_{i}")]
        body += [*self._attention(), self._last_norm(self.filters[-1])]
        if not spatial:
            body += [self.layer(keras.layers.Flatten, name="flatten"), self._dense(units, "dense")]
        self.body = body
        self.build_on(input_shape)


@register
class ResNetDecoder(_ResNet):
    """The mirror image of `ResNetEncoder`, `(B, *latent_shape) -> (B, H, W, features)`.

    After each stage of residual blocks, nearest-neighbour upsampling and a convolution (or `SubpixelUpsampling`) double
    the size of the image, which is cropped where the encoder rounds up.

    Args:
        input_shape: shape of one latent vector, such as `(16,)`; if `spatial`, `(h, w, c)` with the h and w of the
            encoder.
        image_shape: `(H, W, C)` of the images. The likelihood maps the features to C channels.
        filters: number of filters of each stage, from the latent side. None uses those of the encoder in reverse.
        blocks: number of residual blocks per stage.
        units: width of the first dense layer; unused if `spatial`.
        features: number of output feature maps.
        kernel_size: side of the convolution kernels.
        activation: Keras activation.
        groups: number of channel groups of the normalisation, see `ResidualBlock`.
        attention: whether to add `SpatialAttention` at the lowest resolution.
        patch_size: as for the encoder. Above 1, `SubpixelUpsampling` draws the patches of the output, without an
            activation.
        upsampling: `"nearest"`, nearest-neighbour upsampling and a convolution, or `"subpixel"`, see
            `SubpixelUpsampling`.
        spatial: whether the latents are maps.

    Raises:
        InvalidInputError: if `image_shape` is not an image of at least 8x8, if a number is not an integer >= 1, if
            the size of latent maps differs from that of the encoder, or for an unknown option.

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
        attention: bool = False,
        patch_size: int = 1,
        upsampling: str = "nearest",
        spatial: bool = False,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        input_shape = tuple(input_shape)
        self.image_shape = check_image_shape("ResNetDecoder", image_shape)
        self._set_options(
            blocks=blocks,
            units=units,
            kernel_size=kernel_size,
            groups=groups,
            attention=attention,
            patch_size=patch_size,
        )
        grid = in_patches(self.image_shape[:2], self.patch_size)
        if filters is None:
            filters = default_filters(*grid)[::-1]
        self.filters = check_filters("ResNetDecoder", filters, grid)
        self.upsampling = get(upsampling, dict(zip(UPSAMPLINGS, UPSAMPLINGS, strict=True)), part="upsampling")
        self.features = check_integer("ResNetDecoder: features", features)
        self.activation = activation
        self.spatial = spatial
        sizes = halved(grid, len(self.filters))[::-1]
        if spatial:
            if len(input_shape) != 3 or input_shape[:2] != sizes[0]:
                patches = f" of patches of {patch_size}x{patch_size}" if patch_size > 1 else ""
                raise InvalidInputError(
                    f"ResNetDecoder: expected codes of shape {(*sizes[0], 'c')} for images of {self.image_shape} "
                    f"and {len(self.filters)} stages{patches}; got {input_shape}."
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
        last = features if self.patch_size == 1 else self.filters[-1]
        body += self._attention()
        for i, (n, following) in enumerate(zip(self.filters, (*self.filters[1:], last), strict=True)):
            body += [*self._stage(n, f"stage_{i}"), *self._up(following, sizes[i], sizes[i + 1], f"stage_{i}")]
        body.append(self._last_norm(last))
        if self.patch_size > 1:
            options = {"factor": self.patch_size, "kernel_size": kernel_size}
            whole = tuple(size * self.patch_size for size in grid)
            body += [
                self.layer(SubpixelUpsampling, features, name="patches", **options),
                *self._crop(whole, self.image_shape[:2], "patches_crop"),
            ]
        self.body = body
        self.build_on(input_shape)

    def _up(self, filters, size, new_size, name):
        crop = self._crop(tuple(2 * each for each in size), new_size, f"{name}_crop")
        if self.upsampling == "nearest":
            if not crop:
                return [self.layer(UpsampledConv2D, filters, self.kernel_size, name=f"{name}_conv")]
            up = self.layer(keras.layers.UpSampling2D, 2, name=f"{name}_up")
            return [up, *crop, self._conv(filters, f"{name}_conv")]
        return [self.layer(SubpixelUpsampling, filters, kernel_size=self.kernel_size, name=f"{name}_up"), *crop]

    def _crop(self, size, new_size, name):
        if size == new_size:
            return []
        crop = tuple((0, before - after) for before, after in zip(size, new_size, strict=True))
        return [self.layer(keras.layers.Cropping2D, crop, name=name)]

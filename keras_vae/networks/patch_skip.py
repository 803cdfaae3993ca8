"""Encoders and decoders of latent maps with a linear path: the principal components of patches."""

from typing import Any

import keras
import tensorflow as tf
from keras import ops

from keras_vae.checks import check_integer
from keras_vae.errors import InvalidInputError
from keras_vae.networks.fixed_linear import FixedLinear
from keras_vae.networks.network import Network, features_shape_of, input_shape_of
from keras_vae.serialization import register

NEIGHBOURS = 3
"""The decoder draws a patch from the latents of the 3x3 positions around it."""


@register
class PatchSkipEncoder(Network):
    """An encoder of maps whose features begin with a linear map of patches.

    Its output has shape `(B, h, w, components + F)`. The linear map is the same for all patches, which have H/h x W/w
    pixels and do not overlap. `Autoencoder.adapt` sets it to the projection on the principal components of the patches,
    and the posterior to that of probabilistic PCA. Before, it is zero. Training does not change it.

    Args:
        encoder: a Keras model from images `(H, W, C)` to maps `(h, w, F)`.
        components: number of components of a patch, the channels of the latent map.

    Raises:
        InvalidInputError: if the encoder is not such a model, if the sides of the image are no multiple of those of the
            map, or if `components` is not an integer >= 1.

    Example:

    >>> encoder, decoder = make_networks("spatial", (16, 16, 3), 4, linear_skip=True, filters=(8, 12))
    >>> encoder(tf.zeros((2, 16, 16, 3))).shape
    TensorShape([2, 4, 4, 16])

    Reference: Tipping & Bishop, 1999, https://doi.org/10.1111/1467-9868.00196
    """

    def __init__(self, encoder: keras.Model, components: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.autocast = False  # the linear path needs more than 16 bits, and the encoder casts its own input
        input_shape = input_shape_of(encoder, part="PatchSkipEncoder: encoder")
        features = features_shape_of(encoder, input_shape, part="PatchSkipEncoder: encoder")[1:]
        self.encoder = encoder
        self.components = check_integer("PatchSkipEncoder: components", components)
        self.patch_size = _patch_size(input_shape, features, "PatchSkipEncoder")
        self.linear = FixedLinear(self.components, name="principal_components")
        self.build_on(input_shape)

    def call(self, x: tf.Tensor) -> tf.Tensor:
        components = self.linear(self.patches(ops.cast(x, "float32")))
        return ops.concatenate([components, ops.cast(self.encoder(x), "float32")], axis=-1)

    def patches(self, x: tf.Tensor) -> tf.Tensor:
        """Returns the pixels of each patch, `(B, H, W, C) -> (B, h, w, patch_size^2 C)`."""
        return ops.space_to_depth(x, self.patch_size, data_format="channels_last")


@register
class PatchSkipDecoder(Network):
    """A decoder of maps whose features begin with an image that is linear in the latents.

    It is the counterpart of `PatchSkipEncoder`, `(B, h, w, D) -> (B, H, W, C + F)`. Each patch of the image is linear
    in the latents of the 3x3 positions around it. `Autoencoder.adapt` sets this map to the least squared error over the
    data, so that the patches join without visible edges.

    Args:
        decoder: a Keras model from maps `(h, w, D)` to features `(H, W, F)`.
        image_shape: `(H, W, C)` of the examples.

    Raises:
        InvalidInputError: if the decoder is not such a model, or if the sides of the image are no multiple of those of
            the map.

    Example:

    >>> encoder, decoder = make_networks("spatial", (16, 16, 3), 4, linear_skip=True, filters=(8, 12), features=5)
    >>> decoder(tf.zeros((2, 4, 4, 4))).shape
    TensorShape([2, 16, 16, 8])

    Reference: see `PatchSkipEncoder`.
    """

    def __init__(self, decoder: keras.Model, image_shape: tuple[int, ...], **kwargs: Any):
        super().__init__(**kwargs)
        self.autocast = False  # as in the encoder
        input_shape = input_shape_of(decoder, part="PatchSkipDecoder: decoder")
        features = features_shape_of(decoder, input_shape, part="PatchSkipDecoder: decoder")[1:]
        self.decoder = decoder
        self.image_shape = tuple(image_shape)
        self.patch_size = _patch_size(features, input_shape, "PatchSkipDecoder")
        if features[:-1] != self.image_shape[:-1]:
            raise InvalidInputError(
                f"PatchSkipDecoder: expected a decoder to features of shape {(*self.image_shape[:-1], 'F')}, got "
                f"{features}; use another network, or linear_skip=False."
            )
        self.linear = FixedLinear(self.patch_size**2 * self.image_shape[-1], name="principal_components")
        self.build_on(input_shape)

    def call(self, z: tf.Tensor) -> tf.Tensor:
        patches = self.linear(self.neighbourhoods(ops.cast(z, "float32")))
        image = ops.depth_to_space(patches, self.patch_size, data_format="channels_last")
        return ops.concatenate([image, ops.cast(self.decoder(z), "float32")], axis=-1)

    def neighbourhoods(self, z: tf.Tensor) -> tf.Tensor:
        """Returns the latents around each position, zero outside, `(B, h, w, D) -> (B, h, w, 9 D)`."""
        height, width = z.shape[1:3]
        margin = NEIGHBOURS // 2
        z = ops.pad(z, ((0, 0), (margin, margin), (margin, margin), (0, 0)))
        shifts = [(row, column) for row in range(NEIGHBOURS) for column in range(NEIGHBOURS)]
        return ops.concatenate([z[:, row : row + height, column : column + width] for row, column in shifts], axis=-1)


def can_have_patch_skip(image_shape: tuple[int, ...], map_shape: tuple[int, ...]) -> bool:
    """Returns whether the linear path supports images and latent maps of two shapes, see `PatchSkipEncoder`.

    Args:
        image_shape: `(H, W, C)`.
        map_shape: `(h, w, latent_dim)`.

    Example:

    >>> can_have_patch_skip((64, 48, 3), (8, 6, 4)), can_have_patch_skip((66, 48, 3), (9, 6, 4))
    (True, False)
    """
    ratios = {image / cells for image, cells in zip(image_shape[:2], map_shape[:2], strict=True)}
    return len(ratios) == 1 and ratios.pop().is_integer()


def _patch_size(image_shape, map_shape, part):
    if len(image_shape) != 3 or len(map_shape) != 3 or not can_have_patch_skip(image_shape, map_shape):
        raise InvalidInputError(
            f"{part}: expected images whose height and width are the same multiple of those of the latent map, got "
            f"images of {image_shape[:2]} and maps of {map_shape[:2]}; choose another image size, or linear_skip=False."
        )
    return image_shape[0] // map_shape[0]

"""Encoders and decoders with a linear path beside a network: the principal components of the data."""

import math
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from keras_vae.checks import check_integer
from keras_vae.errors import InvalidInputError
from keras_vae.layers.image_refinement import ImageRefinement
from keras_vae.networks.conv import check_image_shape
from keras_vae.networks.fixed_linear import FixedLinear
from keras_vae.networks.network import Network, features_shape_of, input_shape_of
from keras_vae.serialization import register

LARGEST_SIDE = 64
"""The linear path reduces larger images by 2, 4, ... until no side is longer."""

PATCH_SIZE = 4
"""Side of the patches that `ImageRefinement` corrects, in pixels of the linear path."""


@register
class LinearSkipEncoder(Network):
    """An encoder whose features begin with a linear map of the example, `(B, *input_shape) -> (B, components + F)`.

    `Autoencoder.adapt` sets the linear map to the projection on the principal components of the data, and the posterior
    to that of probabilistic PCA. Training thus starts with the reconstructions of PCA, and the network learns what PCA
    lacks. The linear map is zero before `adapt`, and training does not change it.

    Args:
        encoder: a Keras model with one input of known shape, with F features in total.
        components: number of components, the length of the latent vector.

    Images with a side above 64 pixels are reduced by 2, 4, ... for the linear path, until no side is longer.

    Raises:
        InvalidInputError: if the encoder is not such a model, if `components` is not an integer >= 1, or if the sides
            of larger images are not a multiple of the factor.

    Example:

    >>> encoder, decoder = make_networks("conv", (16, 16, 3), 8, linear_skip=True, units=32)
    >>> encoder(tf.zeros((2, 16, 16, 3))).shape
    TensorShape([2, 40])

    Reference: Tipping & Bishop, 1999, https://doi.org/10.1111/1467-9868.00196;
    Lucas, Tucker, Grosse & Norouzi, 2019, https://arxiv.org/abs/1911.02469 (a linear VAE is probabilistic PCA)
    """

    def __init__(self, encoder: keras.Model, components: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.autocast = False  # the linear path needs more than 16 bits, and the encoder casts its own input
        input_shape = input_shape_of(encoder, part="LinearSkipEncoder: encoder")
        self.encoder = encoder
        self.components = check_integer("LinearSkipEncoder: components", components)
        self.factor = _factor(input_shape, "LinearSkipEncoder")
        self.pool = keras.layers.AveragePooling2D(self.factor, dtype="float32") if self.factor > 1 else None
        self.linear = FixedLinear(self.components, name="principal_components")
        self.build_on(input_shape)

    def call(self, x: tf.Tensor) -> tf.Tensor:
        features = self.encoder(x)
        small = ops.cast(x, "float32") if self.pool is None else self.pool(x)
        components = self.linear(ops.reshape(small, (-1, math.prod(small.shape[1:]))))
        features = ops.reshape(features, (-1, math.prod(features.shape[1:])))
        return ops.concatenate([components, ops.cast(features, "float32")], axis=-1)


class LinearPathDecoder(Network):
    """The linear path of a decoder, `(B, D) -> (B, *image_shape)`; a subclass calls `build_path` and `image_of`.

    Args:
        **kwargs: as for `Network`.

    Example:

    >>> class Linear(LinearPathDecoder):
    ...     '''A linear decoder.'''
    ...
    ...     def __init__(self, input_shape, image_shape, **kwargs):
    ...         super().__init__(**kwargs)
    ...         self.build_path(input_shape, image_shape)
    ...
    ...     def call(self, z):
    ...         return self.image_of(z)
    >>> Linear((8,), (16, 16, 3))(tf.zeros((2, 8))).shape
    TensorShape([2, 16, 16, 3])
    """

    def build_path(self, input_shape: tuple[int, ...], image_shape: tuple[int, ...]) -> None:
        """Creates the path for latents of `input_shape` and images of `image_shape`, and builds the network."""
        self.autocast = False  # as in the encoder
        self.image_shape = tuple(image_shape)
        self.factor = _factor(self.image_shape, type(self).__name__)
        self.small_shape = _small_shape(self.image_shape, self.factor)
        self.linear = FixedLinear(math.prod(self.small_shape), name="principal_components")
        self.build_on(input_shape)

    def image_of(self, z: tf.Tensor) -> tf.Tensor:
        """Returns the reconstructions from principal components, without their mean before `Autoencoder.adapt`."""
        image = ops.reshape(self.linear(z), (-1, *self.small_shape))
        return image if self.factor == 1 else _enlarged(image, self.factor)


@register
class LinearSkipDecoder(LinearPathDecoder):
    """A decoder whose features begin with a linear map of the latents, `(B, D) -> (B, *image_shape[:-1], C + F)`.

    It is the counterpart of `LinearSkipEncoder`: after `Autoencoder.adapt`, the first C features are the reconstruction
    from principal components.

    Args:
        decoder: a Keras model with one input of known shape `(D,)`, and output `(B, *image_shape[:-1], F)`.
        image_shape: `(..., C)` of the examples.

    Raises:
        InvalidInputError: if the decoder is not such a model; for larger images, see `LinearSkipEncoder`.

    Example:

    >>> encoder, decoder = make_networks("conv", (16, 16, 3), 8, linear_skip=True, features=4)
    >>> decoder(tf.zeros((2, 8))).shape
    TensorShape([2, 16, 16, 7])

    Reference: see `LinearSkipEncoder`.
    """

    def __init__(self, decoder: keras.Model, image_shape: tuple[int, ...], **kwargs: Any):
        super().__init__(**kwargs)
        input_shape = input_shape_of(decoder, part="LinearSkipDecoder: decoder")
        self.decoder = decoder
        features = features_shape_of(decoder, input_shape, part="LinearSkipDecoder: decoder")
        if len(input_shape) != 1 or features[1:-1] != tuple(image_shape)[:-1]:
            raise InvalidInputError(
                f"LinearSkipDecoder: expected a decoder from latent vectors to features of shape "
                f"{(*image_shape[:-1], 'F')}, got {input_shape} to {features[1:]}; use another network, or none."
            )
        self.build_path(input_shape, image_shape)

    def call(self, z: tf.Tensor) -> tf.Tensor:
        return ops.concatenate([self.image_of(z), ops.cast(self.decoder(z), "float32")], axis=-1)


@register
class PCADecoder(LinearPathDecoder):
    """A decoder that corrects the reconstruction from principal components, `(B, D) -> (B, H, W, C)`.

        ImageRefinement(linear(z), dense(condition))

    A new decoder is linear in z. It is the counterpart of `LinearSkipEncoder`.

    Args:
        input_shape: `(D,)`, the shape of one latent vector, with the condition if there is one.
        image_shape: `(H, W, C)` of the images, at least 8x8.
        condition_dim: length of the condition, the last elements of the input.
        filters: number of filters of the correction.
        blocks: number of blocks of the correction, see `ImageRefinement`.

    Raises:
        InvalidInputError: for other images; if a number is not an integer >= 1; for larger images, see
            `LinearSkipEncoder`.

    Example:

    >>> PCADecoder((8,), (16, 16, 3))(tf.zeros((2, 8))).shape
    TensorShape([2, 16, 16, 3])

    Reference: see `LinearSkipEncoder` and `ImageRefinement`.
    """

    def __init__(
        self,
        input_shape: tuple[int, ...],
        image_shape: tuple[int, ...],
        *,
        condition_dim: int = 0,
        filters: int = 96,
        blocks: int = 2,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        image_shape = check_image_shape("PCADecoder", image_shape)
        self.filters = check_integer("PCADecoder: filters", filters)
        self.blocks = check_integer("PCADecoder: blocks", blocks)
        self.condition_dim = check_integer("PCADecoder: condition_dim", condition_dim, least=0)
        self.shift = self.layer(keras.layers.Dense, filters, name="shift") if condition_dim else None
        patch_size = PATCH_SIZE * _factor(image_shape, "PCADecoder")
        self.refine = self.layer(ImageRefinement, patch_size, filters=filters, blocks=blocks, name="refinement")
        self.build_path(tuple(input_shape), image_shape)

    def call(self, z: tf.Tensor) -> tf.Tensor:
        shift = None if self.shift is None else self.shift(z[:, -self.condition_dim :])
        return self.refine(self.image_of(z), shift)


def can_have_linear_skip(image_shape: tuple[int, ...]) -> bool:
    """Returns whether the linear path supports images of a shape, see `LinearSkipEncoder`.

    Args:
        image_shape: `(H, W, C)`.

    Example:

    >>> can_have_linear_skip((64, 64, 3)), can_have_linear_skip((100, 128, 3)), can_have_linear_skip((99, 128, 3))
    (True, True, False)
    """
    return all(size % _power(image_shape) == 0 for size in image_shape[:-1])


def _power(shape):
    factor = 1
    while len(shape) == 3 and max(shape[:2]) > factor * LARGEST_SIDE:
        factor *= 2
    return factor


def _factor(shape, part):
    factor = _power(shape)
    if not can_have_linear_skip(shape):
        raise InvalidInputError(
            f"{part}: expected images whose height and width are a multiple of {factor}, got {shape[:2]}; choose such "
            "an image size, or linear_skip=False."
        )
    return factor


def _enlarged(images, factor):
    """Bilinear interpolation, as two matrix products: the derivative of `tf.image.resize` has no derivative."""
    height, width, channels = images.shape[1:]
    rows, columns = _interpolation(height, factor), _interpolation(width, factor)
    taller = tf.matmul(rows, tf.reshape(images, (-1, height, width * channels)))
    wider = tf.matmul(tf.reshape(taller, (-1, width * channels)), np.kron(columns, np.eye(channels, dtype="float32")).T)
    return tf.reshape(wider, (-1, factor * height, factor * width, channels))


def _interpolation(size, factor):
    """The matrix `(factor * size, size)` of linear interpolation, whose ends repeat the first and the last value."""
    place = np.clip((np.arange(factor * size) + 0.5) / factor - 0.5, 0, size - 1)
    return np.maximum(1 - np.abs(place[:, None] - np.arange(size)), 0).astype("float32")


def _small_shape(shape, factor):
    return (*(size // factor for size in shape[:-1]), shape[-1]) if factor > 1 else shape

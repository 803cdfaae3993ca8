"""The base class of posteriors over discrete codes."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf
import tensorflow_probability as tfp

from keras_vae.checks import check_flag, check_integer
from keras_vae.distributions.embedded_prior import EmbeddedPrior
from keras_vae.distributions.posterior import Posterior
from keras_vae.distributions.quantized import Quantized
from keras_vae.errors import InvalidInputError
from keras_vae.trace import Latent

tfd = tfp.distributions


class DiscretePosterior(Posterior):
    """The base class of vector quantization: q(z | x) is one of finitely many vectors at each position.

    A subclass defines the maps from vectors to indices (`quantize_vectors`) and from indices to vectors (`embed`). The
    straight-through estimator passes the gradient of z to the output of the encoder. With a prior over the indices,
    such as `AutoregressivePrior` or `CategoricalPrior`, the ELBO is log p(x | z) + log p(indices). In an exported
    model, the signature `encode` returns the indices, and `decode_indices` decodes them.

    Args:
        event_shape: `(*positions, D)`, such as `(7, 7, 16)` for vectors of length D = 16 at 7x7 positions.
        codebook_size: number of entries per codebook, the range of the indices.
        levels: number of indices per position.
        flatten: whether the input of the decoder is flattened, `(positions * D,)`, as for a dense decoder.
        **kwargs: see `DistributionLayer`.

    Raises:
        InvalidInputError: if events are not vectors at positions, or if a number is out of range.

    Example:

    >>> class Signs(DiscretePosterior):
    ...     '''Two vectors: all values are -1, or all are 1.'''
    ...
    ...     def quantize_vectors(self, vectors):
    ...         indices = tf.cast(tf.reduce_sum(vectors, axis=-1, keepdims=True) > 0, tf.int32)
    ...         return indices, [self.embed(indices)]
    ...
    ...     def embed(self, indices):
    ...         return tf.repeat(2.0 * tf.cast(indices, tf.float32) - 1.0, self.event_shape[-1], axis=-1)
    >>> posterior = Signs((2, 3), codebook_size=2)
    >>> vectors = tf.constant([[[0.5, -0.1, 0.2], [-1.0, 0.3, 0.0]]])
    >>> posterior.distribution({"vectors": vectors}).indices.numpy().tolist()
    [[[1], [0]]]

    Reference: van den Oord, Vinyals & Kavukcuoglu, 2017, https://arxiv.org/abs/1711.00937
    """

    parameters = ("vectors",)
    support = "codes"

    def __init__(
        self, event_shape: tuple[int, ...], *, codebook_size: int, levels: int = 1, flatten: bool = False, **kwargs: Any
    ):
        super().__init__(event_shape, **kwargs)
        part = type(self).__name__
        if len(self.event_shape) < 2:
            raise InvalidInputError(
                f"{part}: event_shape must be (*positions, D), such as (7, 7, 16); got {event_shape!r}."
            )
        self.codebook_size = check_integer(f"{part}: codebook_size", codebook_size, least=2)
        self.levels = check_integer(f"{part}: levels", levels)
        self.flatten = check_flag(f"{type(self).__name__}: flatten", flatten)

    def check_fixed(self, given: Mapping[str, Any]) -> None:
        """Raises `InvalidInputError` if arguments that follow from others, or are fixed, are given another value."""
        for name in ("codebook_size", "levels"):
            if given.get(name, own := getattr(self, name)) != own:
                raise InvalidInputError(
                    f"{type(self).__name__}: {name} is {own} here and cannot be set; got {given[name]!r}; leave it out."
                )

    def quantize_vectors(self, vectors: tf.Tensor) -> tuple[tf.Tensor, Sequence[tf.Tensor]]:
        """Quantizes vectors `(..., *positions, D)`.

        Returns:
            The indices, int32 `(..., *positions, levels)`, and the codebook vectors of each level, whose sum is
            `embed(indices)`.
        """
        raise NotImplementedError

    def embed(self, indices: tf.Tensor) -> tf.Tensor:
        """Returns the vectors `(..., *positions, D)` of indices `(..., *positions, levels)`."""
        raise NotImplementedError

    def distribution(self, parameters: Mapping[str, tf.Tensor]) -> Quantized:
        vectors = parameters["vectors"]
        codes = self.quantize_vectors(vectors)
        self._check_codes(codes, vectors)
        return Quantized(vectors, *codes, event_ndims=len(self.event_shape))

    def _check_codes(self, codes, vectors):
        """Raises `InvalidInputError` if `quantize_vectors` has not given what it should."""

        def fits(tensor, shape, dtype):
            return tf.is_tensor(tensor) and tensor.dtype == dtype and tensor.shape.is_compatible_with(shape)

        indices_shape = (*vectors.shape[:-1], self.levels)
        indices, entries = codes if isinstance(codes, (tuple, list)) and len(codes) == 2 else (None, None)
        if not (
            fits(indices, indices_shape, tf.int32)
            and isinstance(entries, (tuple, list))
            and entries
            and all(fits(level, vectors.shape, tf.float32) for level in entries)
        ):
            raise InvalidInputError(
                f"{type(self).__name__}.quantize_vectors: expected indices, int32 of shape {indices_shape}, and a list "
                f"of the vectors of each level, float32 of shape {tuple(vectors.shape)}; got {_described(codes)}."
            )

    @property
    def prior_shape(self) -> tuple[int, ...]:
        positions = self.event_shape[:-1]
        return positions if self.levels == 1 else (*positions, self.levels)

    def check_prior(self, prior: keras.layers.Layer) -> None:
        categories = getattr(prior, "categories", self.codebook_size)
        if categories != self.codebook_size:
            raise InvalidInputError(
                f"prior: {type(prior).__name__} has {categories} categories, but the posterior {type(self).__name__} "
                f"has a codebook_size of {self.codebook_size}; give both the same number."
            )

    def latent_prior(self, prior: tfd.Distribution) -> EmbeddedPrior:
        return EmbeddedPrior(prior, self)

    @property
    def decoder_input_shape(self) -> tuple[int, ...]:
        return (math.prod(self.event_shape),) if self.flatten else self.event_shape

    def decoder_input(self, z: tf.Tensor) -> tf.Tensor:
        return tf.reshape(z, (-1, *self.decoder_input_shape))

    def latents(self, posterior: tfd.Distribution, prior: tfd.Distribution | None, z: tf.Tensor) -> tuple[Latent, ...]:
        if prior is not None and self.levels > 1:
            prior = prior.with_indices(posterior.indices)
        return super().latents(posterior, prior, z)


def _described(value):
    """Kinds, shapes and dtypes of what a method has given, for messages."""
    if tf.is_tensor(value):
        return f"{value.dtype.name} of shape {tuple(value.shape)}"
    if isinstance(value, (tuple, list)):
        return f"a {type(value).__name__} of {', '.join(map(_described, value)) or 'nothing'}"
    return type(value).__name__

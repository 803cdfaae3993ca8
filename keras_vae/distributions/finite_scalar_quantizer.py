"""Finite scalar quantization."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from keras_vae.checks import check_integer
from keras_vae.distributions.discrete_posterior import DiscretePosterior
from keras_vae.distributions.quantized import Quantized
from keras_vae.errors import InvalidInputError
from keras_vae.serialization import register

MARGIN = 1e-3
LARGEST_CODEBOOK = 2**24


@register
class FiniteScalarQuantizer(DiscretePosterior):
    """Finite scalar quantization: rounds each number of a vector to one of a few values. No codebook is learned.

        z_d = round(b_d(f_d(x))) / floor(L_d / 2)
        b_d(f) = h tanh(f + tan(o / h)) - o,  h = (L_d - 1) (1 - 0.001) / 2,  o = 1/2 if L_d is even, otherwise 0

    L_d is `sizes[d]`. For an odd L_d, the values of z_d are symmetric around 0; for an even L_d, they begin at -1 and
    the greatest is 1 - 2 / L_d. The gradient passes through the rounding unchanged, and through b_d. No codebook loss
    is needed, and no commitment loss.

    Args:
        event_shape: `(*positions, D)`, such as `(7, 7, 4)` for vectors of length D = 4 at 7x7 positions.
        sizes: the numbers of values L_d, D integers of at least 2; the paper recommends at least 5. Their product is
            the number of codes. The paper's choices for about 2^8, 2^10, 2^12, 2^14 and 2^16 codes are (8, 6, 5),
            (8, 5, 5, 5), (7, 5, 5, 5, 5), (8, 8, 8, 6, 5) and (8, 8, 8, 5, 5, 5).
        flatten: see `DiscretePosterior`.
        **kwargs: `project`, see `DistributionLayer`.

    Raises:
        InvalidInputError: if `sizes` is not a list of D such integers, or if their product is above 2^24.

    Example:

    >>> posterior = FiniteScalarQuantizer((1, 2), sizes=(4, 3))
    >>> posterior.codebook_size, posterior.embed(tf.constant([[[7]]])).numpy().tolist()
    (12, [[[0.5, 0.0]]])

    Reference: Mentzer et al., 2023, https://arxiv.org/abs/2309.15505
    """

    def __init__(
        self,
        event_shape: tuple[int, ...],
        *,
        sizes: Sequence[int] = (8, 5, 5, 5),
        flatten: bool = False,
        **kwargs: Any,
    ):
        if not isinstance(sizes, Sequence) or isinstance(sizes, str) or not sizes:
            raise InvalidInputError(
                f"FiniteScalarQuantizer: sizes must be a list of integers, such as (8, 5, 5, 5); got {sizes!r}."
            )
        self.sizes = tuple(check_integer("FiniteScalarQuantizer: each of sizes", size, least=2) for size in sizes)
        codes = math.prod(self.sizes)
        if codes > LARGEST_CODEBOOK:
            raise InvalidInputError(
                f"FiniteScalarQuantizer: sizes: expected at most {LARGEST_CODEBOOK} codes, got {codes}, the product of "
                f"{self.sizes}; use fewer or smaller sizes, and more positions."
            )
        super().__init__(event_shape, **{**kwargs, "codebook_size": codes, "levels": 1, "flatten": flatten})
        self.check_fixed(kwargs)
        if self.event_shape[-1] != len(self.sizes):
            raise InvalidInputError(
                f"FiniteScalarQuantizer: expected a size for each of the {self.event_shape[-1]} numbers of a vector, "
                f"got {len(self.sizes)}; give event_shape (*positions, {len(self.sizes)}), or other sizes."
            )

    @property
    def _strides(self) -> np.ndarray:
        return np.cumprod([1, *self.sizes[:-1]]).astype("int32")

    @property
    def _half_widths(self) -> np.ndarray:
        return np.array(self.sizes, "float32") // 2

    def bound(self, vectors: tf.Tensor) -> tf.Tensor:
        """Returns b(f) / floor(L / 2) for vectors f `(..., D)`: what is rounded, in the units of the result."""
        sizes = np.array(self.sizes, "float64")
        half = (sizes - 1) * (1 - MARGIN) / 2
        offset = np.where(sizes % 2 == 0, 0.5, 0.0)
        shift, half, offset = (x.astype("float32") for x in (np.tan(offset / half), half, offset))
        return (half * tf.tanh(vectors + shift) - offset) / self._half_widths

    def distribution(self, parameters: Mapping[str, tf.Tensor]) -> Quantized:
        return super().distribution({"vectors": self.bound(parameters["vectors"])})

    def quantize_vectors(self, vectors: tf.Tensor) -> tuple[tf.Tensor, list[tf.Tensor]]:
        """Rounds vectors `(..., *positions, D)` that `bound` returned, or that are codes already.

        Returns:
            The indices, int32 `(..., *positions, 1)`, and a list of the rounded vectors.
        """
        low, half_widths = np.negative(self._half_widths), self._half_widths
        values = tf.clip_by_value(tf.round(vectors * half_widths), low, low + np.array(self.sizes, "float32") - 1)
        digits = tf.cast(values - low, tf.int32)
        return tf.reduce_sum(digits * self._strides, axis=-1, keepdims=True), [values / half_widths]

    def embed(self, indices: tf.Tensor) -> tf.Tensor:
        digits = indices // self._strides % np.array(self.sizes, "int32")
        return tf.cast(digits, tf.float32) / self._half_widths - 1.0

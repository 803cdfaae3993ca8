"""Lookup-free quantization."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from keras_vae.checks import check_number
from keras_vae.distributions.discrete_posterior import DiscretePosterior
from keras_vae.distributions.quantized import Quantized
from keras_vae.errors import InvalidInputError
from keras_vae.serialization import register

MOST_BITS = 24


@register
class LookupFreeQuantizer(DiscretePosterior):
    """Lookup-free quantization: the sign of each number of a vector is a bit of its code. No codebook is learned.

        z_d = 1 if f_d(x) > 0, otherwise -1;  index = sum_d 2^d [z_d = 1],  d = 0, ..., D - 1

    The straight-through estimator passes the gradient of z to the output of the encoder. Train it with `Commitment`,
    and with `CodeEntropy`, which spreads the codes over all 2^D. For that term, a code k has the probability

        q(k | f) ~ exp(-|f - z_k|^2 / temperature) = prod_d sigmoid(4 f_d z_kd / temperature)

    so that the bits are independent given f.

    Args:
        event_shape: `(*positions, D)`, such as `(7, 7, 10)` for one of 2^10 codes at each of 7x7 positions.
        temperature: see above. It does not change z.
        flatten: see `DiscretePosterior`.
        **kwargs: `project`, see `DistributionLayer`.

    Raises:
        InvalidInputError: if D is above 24, or if `temperature` is not positive.

    Example:

    >>> posterior = LookupFreeQuantizer((1, 3))
    >>> posterior.codebook_size, posterior.embed(tf.constant([[[6]]])).numpy().tolist()
    (8, [[[-1.0, 1.0, 1.0]]])

    Reference: Yu et al., 2023, https://arxiv.org/abs/2310.05737
    """

    def __init__(self, event_shape: tuple[int, ...], *, temperature: float = 1.0, flatten: bool = False, **kwargs: Any):
        super().__init__(event_shape, **{**kwargs, "codebook_size": 2, "levels": 1, "flatten": flatten})
        bits = self.event_shape[-1]
        if bits > MOST_BITS:
            raise InvalidInputError(
                f"LookupFreeQuantizer: expected at most {MOST_BITS} bits per code, got {bits}, the length of a vector; "
                "give an event_shape with more positions and shorter vectors."
            )
        self.codebook_size = 2**bits
        self.check_fixed(kwargs)
        self.temperature = check_number("LookupFreeQuantizer: temperature", temperature, above=0)

    @property
    def _strides(self) -> np.ndarray:
        return (2 ** np.arange(self.event_shape[-1])).astype("int32")

    def distribution(self, parameters: Mapping[str, tf.Tensor]) -> Quantized:
        plain = super().distribution(parameters)
        return Quantized(
            plain.vectors,
            plain.indices,
            plain.entries,
            plain.event_ndims,
            bit_logits=plain.vectors * (4.0 / self.temperature),
        )

    def quantize_vectors(self, vectors: tf.Tensor) -> tuple[tf.Tensor, list[tf.Tensor]]:
        ones = vectors > 0.0
        indices = tf.reduce_sum(tf.cast(ones, tf.int32) * self._strides, axis=-1, keepdims=True)
        return indices, [tf.where(ones, 1.0, -1.0)]

    def embed(self, indices: tf.Tensor) -> tf.Tensor:
        return tf.cast(indices // self._strides % 2, tf.float32) * 2.0 - 1.0

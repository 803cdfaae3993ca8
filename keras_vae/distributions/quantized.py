"""The distribution of quantized vectors."""

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from keras_vae.distributions.custom_distribution import CustomDistribution


class Quantized(CustomDistribution):
    """The point distribution at the quantized vectors of an encoder; events are `(*positions, D)`.

    The quantized vectors have probability 1, so `log_prob` and the entropy are 0. A sample is exactly the sum of
    `entries`; the straight-through estimator passes its gradient to `vectors`.

    Args:
        vectors: vectors before quantization, `(..., *positions, D)`.
        indices: codebook indices of the vectors, int32 `(..., *positions, L)` for L levels.
        entries: codebook entries of these indices, one tensor `(..., *positions, D)` per level; the sum is near
            `vectors`.
        event_ndims: rank of an event.
        bit_logits: logits of the bits of each index, `(..., *positions, D)`, if the numbers of a vector are independent
            bits, see `LookupFreeQuantizer`; None otherwise.

    Example:

    >>> q = Quantized(tf.constant([[[0.2, 0.9]]]), tf.constant([[[3]]]), [tf.constant([[[0.0, 1.0]]])], event_ndims=2)
    >>> q.sample(seed=(0, 1)).numpy().tolist(), float(q.entropy()[0])
    ([[[0.0, 1.0]]], 0.0)

    Reference: van den Oord, Vinyals & Kavukcuoglu, 2017, https://arxiv.org/abs/1711.00937
    """

    def __init__(
        self,
        vectors: tf.Tensor,
        indices: tf.Tensor,
        entries: Sequence[tf.Tensor],
        event_ndims: int,
        bit_logits: tf.Tensor | None = None,
        name: str = "Quantized",
    ):
        parameters = dict(locals())
        self.vectors, self.indices, self.entries, self.event_ndims = vectors, indices, tuple(entries), event_ndims
        self.bit_logits = bit_logits
        self.quantized = tf.add_n(list(entries))
        super().__init__(parameters, name=name)

    @property
    def levels(self) -> list[tuple[tf.Tensor, tf.Tensor]]:
        """For each level: its input, the residual of the previous levels, and its entries."""
        left, levels = self.vectors, []
        for entries in self.entries:
            levels.append((left, entries))
            left = left - tf.stop_gradient(entries)
        return levels

    def _straight_through(self):
        # The difference is exactly 0, so the value is the sum of the entries; the gradient is that of the vectors.
        return tf.stop_gradient(self.quantized) + (self.vectors - tf.stop_gradient(self.vectors))

    def _sample_n(self, n, seed=None):
        return tf.repeat(self._straight_through()[None], n, axis=0)

    def _log_prob(self, z):
        return tf.zeros(tf.shape(z)[: tf.rank(z) - self.event_ndims])

    def _mean(self):
        return self._straight_through()

    def _mode(self):
        return self._straight_through()

    def _variance(self):
        return tf.zeros_like(self.vectors)

    def _stddev(self):
        return tf.zeros_like(self.vectors)

    def _entropy(self):
        return tf.zeros(self._batch_shape_tensor())

    def _batch_shape(self):
        return self.vectors.shape[: -self.event_ndims]

    def _batch_shape_tensor(self, **_):
        return tf.shape(self.vectors)[: -self.event_ndims]

    def _event_shape(self):
        return self.vectors.shape[-self.event_ndims :]

    def _event_shape_tensor(self, **_):
        return tf.shape(self.vectors)[-self.event_ndims :]

    def __getitem__(self, rows: Any) -> "Quantized":
        entries = [level[rows] for level in self.entries]
        bit_logits = None if self.bit_logits is None else self.bit_logits[rows]
        return Quantized(self.vectors[rows], self.indices[rows], entries, self.event_ndims, bit_logits)

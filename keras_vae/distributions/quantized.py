"""The distribution of a discrete code: all probability on one vector."""

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from keras_vae.distributions.custom_distribution import CustomDistribution


class Quantized(CustomDistribution):
    """All probability on the quantized vectors of an encoder's vectors; events are `(*positions, D)`.

    The probability of these is 1, so `log_prob` is 0 and so is the entropy. A draw is exactly the sum of `entries`;
    its gradient passes straight through to `vectors`.

    Args:
        vectors: the vectors that were quantized, `(..., *positions, D)`.
        indices: which code each became, int32 `(..., *positions, L)` for L levels.
        entries: the vectors of these codes, one tensor `(..., *positions, D)` per level, whose sum is near `vectors`.
        event_ndims: the rank of an event.

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
        name: str = "Quantized",
    ):
        parameters = dict(locals())
        self.vectors, self.indices, self.entries, self.event_ndims = vectors, indices, tuple(entries), event_ndims
        self.quantized = tf.add_n(list(entries))
        super().__init__(parameters, name=name)

    @property
    def levels(self) -> list[tuple[tf.Tensor, tf.Tensor]]:
        """For each level: what it quantizes, which the levels before have left over, and its entries."""
        left, levels = self.vectors, []
        for entries in self.entries:
            levels.append((left, entries))
            left = left - tf.stop_gradient(entries)
        return levels

    def _straight_through(self):
        # The difference is exactly 0, so the value is exactly the entries' sum; its gradient is that of the vectors.
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
        return Quantized(self.vectors[rows], self.indices[rows], entries, self.event_ndims)

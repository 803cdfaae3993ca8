"""How often each discrete code is used in an epoch."""

from typing import Any

import keras
import tensorflow as tf

from keras_vae.models.global_mean import Direction
from keras_vae.trace import Trace

PERPLEXITY, IN_USE, RESTARTS = "perplexity", "codes_in_use", "restarts"


class CodeUsage(keras.metrics.Metric):
    """Counts the codes of an epoch; its metrics are functions of these counts, not means over batches.

    - `perplexity`: exp of the entropy of the shares of the codes, from 1 to the number of codes.
    - `codes_in_use`: number of codes that occur at all.
    - `restarts`: number of codebook entries that were replaced because they were not used; only in `fit`, and only for
      a posterior that replaces them.

    With several codebooks, the first two are means over the codebooks, and the third is the sum. An example counts with
    its weight. The counts are sums over all replicas.

    Args:
        levels: number of codebooks.
        size: number of codes in each.
        restarts: whether the posterior replaces unused entries.
    """

    def __init__(self, levels: int, size: int, *, restarts: bool):
        super().__init__(name="code_usage")
        self.has_restarts = restarts
        self.counts = self.add_variable(shape=(levels, size), initializer="zeros", name="counts")
        self.restarts = self.add_variable(shape=(), initializer="zeros", name="restarts")

    @property
    def directions(self) -> dict[str, Direction]:
        """The names of the metrics, and whether higher is better."""
        return {PERPLEXITY: "up", IN_USE: "up", **({RESTARTS: "down"} if self.has_restarts else {})}

    def add_variable(self, *args: Any, **kwargs: Any) -> keras.Variable:
        return super().add_variable(*args, **{**kwargs, "aggregation": "only_first_replica"})

    def counts_of(self, trace: Trace) -> tf.Tensor:
        """Returns the weighted counts of the codes of a batch, `(levels, size)`."""
        levels, size = self.counts.shape
        indices = tf.reshape(trace.latents[0].posterior.indices, (-1, levels))  # (N, levels), examples first
        weights = tf.ones(tf.shape(trace.x)[:1]) if trace.weights is None else trace.weights
        positions = tf.shape(indices)[0] // tf.maximum(tf.size(weights), 1)
        weights = tf.repeat(tf.repeat(weights, positions), levels)
        flat = tf.reshape(indices + size * tf.range(levels), (-1,))
        return tf.reshape(tf.math.unsorted_segment_sum(weights, flat, levels * size), (levels, size))

    def update_state(self, counts: tf.Tensor) -> None:
        """Adds the counts of a batch, summed over replicas."""
        self.counts.assign_add(counts)

    def add_restarts(self, number: tf.Tensor) -> None:
        """Adds a number of replaced entries, equal on all replicas."""
        self.restarts.assign_add(number)

    def result(self) -> dict[str, tf.Tensor]:
        perplexity, in_use = usage_of(tf.convert_to_tensor(self.counts))
        result = {PERPLEXITY: perplexity, IN_USE: in_use}
        return {**result, RESTARTS: tf.convert_to_tensor(self.restarts)} if self.has_restarts else result

    @property
    def state(self) -> tuple[float, ...]:
        """The number of restarts, and all counts."""
        counts = keras.ops.convert_to_numpy(self.counts).ravel().tolist()
        return float(keras.ops.convert_to_numpy(self.restarts)), *counts

    @state.setter
    def state(self, state: tuple[float, ...]) -> None:
        self.restarts.assign(state[0])
        self.counts.assign(tf.reshape(tf.constant(state[1:], tf.float32), self.counts.shape))


def usage_of(counts: Any) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns the perplexity of codes, and how many are in use; both are means over codebooks.

    Args:
        counts: how often each code occurs, `(levels, size)`.

    Example:

    >>> perplexity, in_use = usage_of([[1.0, 1.0, 1.0, 1.0, 0.0, 0.0]])
    >>> round(float(perplexity), 4), float(in_use)
    (4.0, 4.0)
    """
    counts = tf.convert_to_tensor(counts, tf.float32)
    shares = counts / tf.maximum(tf.reduce_sum(counts, axis=-1, keepdims=True), 1e-30)
    entropies = -tf.reduce_sum(tf.math.xlogy(shares, shares), axis=-1)
    in_use = tf.reduce_sum(tf.cast(counts > 0.0, tf.float32), axis=-1)
    return tf.reduce_mean(tf.exp(entropies)), tf.reduce_mean(in_use)

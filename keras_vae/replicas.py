"""Communication between the replicas of a `tf.distribute` strategy within a step; none for a single replica.

A global batch is the batches of all replicas, one after the other. Gradients pass through `global_batch` and
`global_mean` as if one replica had seen it all.
"""

from typing import TypeVar

import tensorflow as tf

from keras_vae.random import fold

Structure = TypeVar("Structure")


def several() -> bool:
    """Whether the code runs on a replica that has others beside it."""
    context = tf.distribute.get_replica_context()
    return context is not None and context.num_replicas_in_sync > 1


def number_and_count() -> tuple[tf.Tensor | int, int]:
    """Which replica the code runs on, from 0, and how many there are."""
    return (_number(), tf.distribute.get_replica_context().num_replicas_in_sync) if several() else (0, 1)


def between_workers(strategy: tf.distribute.Strategy) -> bool:
    """Whether the replicas of a strategy are in several processes."""
    return isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy)


def own_seed(seed: tf.Tensor) -> tf.Tensor:
    """`seed`, made different on every replica."""
    return fold(seed, _number()) if several() else seed


def of_first(x: tf.Tensor) -> tf.Tensor:
    """`x` on the first replica, zeros on the others: after a sum over replicas, the first one's `x`."""
    return tf.where(tf.equal(_number(), 0), x, tf.zeros_like(x)) if several() else x


def global_sum(values: Structure) -> Structure:
    """The sum over replicas of each tensor of a structure."""
    if not several() or not tf.nest.flatten(values):
        return values
    return tf.distribute.get_replica_context().all_reduce("sum", values)


def global_batch(x: tf.Tensor, axis: int = 0) -> tf.Tensor:
    """`x` of the global batch, whose examples are along `axis`."""
    if not several():
        return x
    gathered = tf.distribute.get_replica_context().all_gather(x, axis=axis)
    return tf.ensure_shape(gathered, [None if i == axis else size for i, size in enumerate(x.shape)])


def global_mean(x: tf.Tensor) -> tf.Tensor:
    """The mean over the examples of the global batch, which are along axis 0."""
    if not several():
        return tf.reduce_mean(x, axis=0)
    total, count = global_sum((tf.reduce_sum(x, axis=0), tf.cast(tf.shape(x)[0], x.dtype)))
    return total / count


def own_rows(size: tf.Tensor) -> tf.Tensor:
    """Where the `size` examples of this replica are in the global batch, int32 `(size,)`."""
    if not several():
        return tf.range(size)
    sizes = global_batch(size[tf.newaxis])
    before = tf.range(tf.size(sizes)) < _number()
    return tf.range(size) + tf.reduce_sum(tf.where(before, sizes, 0))


def _number():
    return tf.cast(tf.distribute.get_replica_context().replica_id_in_sync_group, tf.int32)

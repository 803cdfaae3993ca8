"""Communication between the replicas of a `tf.distribute` strategy within a step. A single replica needs none.

The global batch is the concatenation of the batches of all replicas. The gradients of `global_batch` and
`global_mean` are those of a single replica with the global batch.
"""

from typing import TypeVar

import tensorflow as tf

from keras_vae.random import fold

Structure = TypeVar("Structure")

SEPARATOR = "\n"
"""Between the names of the tensors of `as_one`."""


def several() -> bool:
    """Returns whether the code runs on one of several replicas."""
    context = tf.distribute.get_replica_context()
    return context is not None and context.num_replicas_in_sync > 1


def number_and_count() -> tuple[tf.Tensor | int, int]:
    """Returns the index of the replica, from 0, and the number of replicas."""
    return (_number(), tf.distribute.get_replica_context().num_replicas_in_sync) if several() else (0, 1)


def between_workers(strategy: tf.distribute.Strategy) -> bool:
    """Returns whether the replicas of a strategy are in several processes."""
    return isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy)


def own_seed(seed: tf.Tensor) -> tf.Tensor:
    """Returns a seed that is different on every replica."""
    return fold(seed, _number()) if several() else seed


def of_first(x: tf.Tensor) -> tf.Tensor:
    """Returns `x` on the first replica and zeros on the others, so that their sum is `x` of the first replica."""
    return tf.where(tf.equal(_number(), 0), x, tf.zeros_like(x)) if several() else x


def global_sum(values: Structure) -> Structure:
    """Returns the sum over replicas of each tensor of a structure."""
    if not several() or not tf.nest.flatten(values):
        return values
    return tf.distribute.get_replica_context().all_reduce("sum", values)


def as_one(values: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    """Returns the tensors as one tensor of float32, under a name that contains all names.

    Keras reduces each value of a step between workers on its own, with two messages.

    Example:

    >>> one = as_one({"loss": tf.constant([2.0]), "kl": tf.constant([1.0])})
    >>> {name: float(value) for name, value in as_several({name: value[0] for name, value in one.items()}).items()}
    {'loss': 2.0, 'kl': 1.0}
    """
    return {SEPARATOR.join(values): tf.stack([tf.cast(value, tf.float32) for value in values.values()], axis=-1)}


def as_several(values: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    """Returns the tensors that are in one of `as_one`, without its first axis; others are unchanged."""
    found = {}
    for name, value in values.items():
        names = name.split(SEPARATOR)
        found |= zip(names, tf.unstack(value), strict=True) if names[1:] else {name: value}
    return found


def global_batch(x: tf.Tensor, axis: int = 0) -> tf.Tensor:
    """Returns `x` of the global batch, with the examples along `axis`."""
    if not several():
        return x
    gathered = tf.distribute.get_replica_context().all_gather(x, axis=axis)
    return tf.ensure_shape(gathered, [None if i == axis else size for i, size in enumerate(x.shape)])


def global_mean(x: tf.Tensor) -> tf.Tensor:
    """Returns the mean over the examples of the global batch, along axis 0."""
    if not several():
        return tf.reduce_mean(x, axis=0)
    total, count = global_sum((tf.reduce_sum(x, axis=0), tf.cast(tf.shape(x)[0], x.dtype)))
    return total / count


def own_rows(size: tf.Tensor) -> tf.Tensor:
    """Returns the indices of the `size` examples of this replica in the global batch, int32 `(size,)`."""
    if not several():
        return tf.range(size)
    sizes = global_batch(size[tf.newaxis])
    before = tf.range(tf.size(sizes)) < _number()
    return tf.range(size) + tf.reduce_sum(tf.where(before, sizes, 0))


def _number():
    return tf.cast(tf.distribute.get_replica_context().replica_id_in_sync_group, tf.int32)

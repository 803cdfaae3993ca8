"""Noise as a pure function of seeds, so that a run can be repeated, resumed and split over replicas."""

import tensorflow as tf


def as_seed(seed: int | tf.Tensor) -> tf.Tensor:
    """A stateless seed, int32 of shape `(2,)` (or `(B, 2)`, one per example), from an integer or such a tensor.

    Example:

    >>> as_seed(7).shape
    TensorShape([2])
    """
    seed = tf.cast(tf.convert_to_tensor(seed), tf.int32)
    return tf.stack([tf.zeros_like(seed), seed]) if seed.shape.rank == 0 else seed


def fold(seed: tf.Tensor, number: int | tf.Tensor) -> tf.Tensor:
    """A new seed from `seed` and `number`; independent noise for every number. Keeps the shape of `seed`."""
    number = tf.cast(number, tf.int32)
    if seed.shape.rank == 1:
        return tf.random.experimental.stateless_fold_in(seed, number)
    return tf.map_fn(lambda one: tf.random.experimental.stateless_fold_in(one, number), seed)


def fold_replica(seed: tf.Tensor) -> tf.Tensor:
    """`seed`, made different on every replica of a `tf.distribute` strategy."""
    context = tf.distribute.get_replica_context()
    if context is None or context.num_replicas_in_sync == 1:
        return seed
    return fold(seed, context.replica_id_in_sync_group)


def of_first_replica(x: tf.Tensor) -> tf.Tensor:
    """`x` on the first replica, zeros on the others: after a sum over replicas, the first one's `x`."""
    context = tf.distribute.get_replica_context()
    if context is None or context.num_replicas_in_sync == 1:
        return x
    return tf.where(tf.equal(context.replica_id_in_sync_group, 0), x, tf.zeros_like(x))

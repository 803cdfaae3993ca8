"""The tf.data pipeline, from an array in memory to shuffled, binarized and prefetched batches."""

import itertools

import numpy as np
import tensorflow as tf

from keras_vae.checks import check_integer
from keras_vae.data import binarize as binarization
from keras_vae.data.validate import validate, validate_conditions
from keras_vae.errors import InvalidInputError


def steps_per_epoch(n: int, batch_size: int) -> int:
    """Returns the number of full batches in a shuffled epoch of `n` examples; 1 if `n` is less than a batch.

    Example:

    >>> steps_per_epoch(1000, 128), steps_per_epoch(10, 128)
    (7, 1)
    """
    return n // min(n, batch_size)


def batches(
    x: np.ndarray,
    batch_size: int,
    *,
    shuffle: bool = False,
    seed: int = 0,
    start_epoch: int | None = None,
    start_step: int = 0,
    binarize: str | None = None,
    y: np.ndarray | None = None,
) -> tf.data.Dataset:
    """Returns batches of `x`, or of `(x, y)`.

    Without shuffling, the last batch may be partial. With shuffling, all batches are full, and each epoch leaves out a
    random remainder. If there are fewer examples than `batch_size`, all examples are one batch.

    Order and noise of batch b in epoch e are a pure function of the seed, e and b. Without `start_epoch`, the passes
    over the result are the epochs 0, 1, 2, ... With `start_epoch`, the stream continues through all epochs from there
    on, so that training resumed at epoch k sees exactly the batches of an uninterrupted run.

    Args:
        x: `(N, *event)`, converted to uint8 or float32 by `validate`; batches are `(B, *event)` of that dtype.
        batch_size: B, at least 1.
        shuffle: whether each epoch has a random order.
        seed: seed of order and noise, 0 or more.
        start_epoch: None for one pass; k for an infinite stream from epoch k on (requires `shuffle`).
        start_step: number of batches to skip at the start.
        binarize: None, `"dynamic"`, `"static"` or `"threshold"`: see `keras_vae.data.binarize`.
        y: `(N,)` integer labels, batched as int64, or vectors `(N, D)`, batched as float32.

    Raises:
        InvalidInputError: if an argument cannot be used.

    Example:

    >>> [batch.shape[0] for batch in batches(np.zeros((10, 3)), 4)]
    [4, 4, 2]
    """
    x = validate(x)
    y = None if y is None else validate_conditions(y, len(x))
    size = min(check_integer("batch_size", batch_size), len(x))
    seed = check_integer("seed", seed, least=0) % 2**63
    start_step = check_integer("start_step", start_step, least=0)
    binarization.check(x, binarize)
    epochs = _epochs(shuffle, start_epoch)
    if binarize == "static":
        x = binarization.static(x, seed)
    elif binarize == "threshold":
        x = binarization.threshold(x)
    with tf.device("CPU"):
        examples, labels = tf.constant(x), None if y is None else tf.constant(y)

    def batch(epoch: tf.Tensor, step: tf.Tensor, indices: tf.Tensor):
        batch_x = tf.gather(examples, indices)
        if binarize == "dynamic":
            noise = tf.random.experimental.stateless_fold_in(tf.stack([seed, epoch]), step)
            batch_x = binarization.dynamic(batch_x, noise)
        return batch_x if labels is None else (batch_x, tf.gather(labels, indices))

    steps = steps_per_epoch(len(x), size) if shuffle else -(-len(x) // size)
    total = max(steps - start_step, 0) if start_epoch is None else tf.data.INFINITE_CARDINALITY
    options = tf.data.Options()
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.DATA
    return (
        epochs.flat_map(lambda epoch: _indices(epoch, len(x), size, steps, shuffle, seed))
        .skip(start_step)
        .map(batch, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
        .apply(tf.data.experimental.assert_cardinality(total))
        .prefetch(tf.data.AUTOTUNE)
        .with_options(options)
    )


def _epochs(shuffle: bool, start_epoch: int | None) -> tf.data.Dataset:
    """Yields epoch numbers: infinitely many from `start_epoch`, or one per pass, counted from 0."""
    if start_epoch is None:
        passes = itertools.count()
        return tf.data.Dataset.from_generator(lambda: [next(passes)], output_signature=tf.TensorSpec((), tf.int64))
    if not shuffle:
        raise InvalidInputError("start_epoch: expected shuffle=True, got shuffle=False; leave start_epoch out.")
    return tf.data.Dataset.counter(check_integer("start_epoch", start_epoch, least=0))


def _indices(epoch: tf.Tensor, n: int, size: int, steps: int, shuffle: bool, seed: int) -> tf.data.Dataset:
    """Returns `(epoch, step, indices)` for each batch of an epoch, indices int64 `(B,)`."""
    order = tf.range(n, dtype=tf.int64)
    if shuffle:
        order = tf.random.experimental.stateless_shuffle(order, tf.stack([seed, epoch]))

    def batch_indices(step: tf.Tensor):
        indices = order[step * size : (step + 1) * size]
        return epoch, step, tf.ensure_shape(indices, [size]) if steps * size <= n else indices

    return tf.data.Dataset.range(steps).map(batch_indices)

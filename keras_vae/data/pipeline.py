"""The one tf.data pipeline: an array in memory to shuffled, binarised, prefetched batches."""

import itertools

import numpy as np
import tensorflow as tf

from keras_vae.checks import check_integer
from keras_vae.data import binarize as binarization
from keras_vae.data.validate import validate, validate_labels
from keras_vae.errors import InvalidInputError


def steps_per_epoch(n: int, batch_size: int) -> int:
    """How many full batches a shuffled epoch of `n` examples has; a set smaller than one batch is one.

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
    """Batches of `x`, or of `(x, y)`.

    Ordered batches end with a partial one. Shuffled batches are all full: each epoch leaves out a random remainder,
    and a set smaller than one batch is one batch.

    Batch b of epoch e is a pure function of the seed, e and b, its order and its noise. Without `start_epoch`, the
    passes over the result are the epochs 0, 1, 2, ... With it, the stream runs through all epochs from there on, so
    that training resumed at epoch k sees exactly what an uninterrupted run sees.

    Args:
        x: `(N, *event)`, brought to uint8 or float32 by `validate`; batches are `(B, *event)` of that dtype.
        batch_size: B, at least 1.
        shuffle: whether each epoch has a random order.
        seed: of order and noise, 0 or more.
        start_epoch: None for one pass; k for an endless stream from epoch k on (needs `shuffle`).
        start_step: batches to leave out at the start.
        binarize: None, `"dynamic"`, `"static"` or `"threshold"`: see `keras_vae.data.binarize`.
        y: `(N,)` integer labels, batched as int64.

    Raises:
        InvalidInputError: if an argument cannot be used.

    Example:

    >>> [batch.shape[0] for batch in batches(np.zeros((10, 3)), 4)]
    [4, 4, 2]
    """
    x = validate(x)
    y = None if y is None else validate_labels(y, len(x))
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
        chosen = tf.gather(examples, indices)
        if binarize == "dynamic":
            noise = tf.random.experimental.stateless_fold_in(tf.stack([seed, epoch]), step)
            chosen = binarization.dynamic(chosen, noise)
        return chosen if labels is None else (chosen, tf.gather(labels, indices))

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
    """Epoch numbers: the endless count from `start_epoch`, or one number in each pass, counted up from 0."""
    if start_epoch is None:
        passes = itertools.count()
        return tf.data.Dataset.from_generator(lambda: [next(passes)], output_signature=tf.TensorSpec((), tf.int64))
    if not shuffle:
        raise InvalidInputError("start_epoch: expected shuffle=True beside it, got shuffle=False; drop one of the two.")
    return tf.data.Dataset.counter(check_integer("start_epoch", start_epoch, least=0))


def _indices(epoch: tf.Tensor, n: int, size: int, steps: int, shuffle: bool, seed: int) -> tf.data.Dataset:
    """One epoch's `(epoch, step, indices)`, indices int64 `(B,)`."""
    order = tf.range(n, dtype=tf.int64)
    if shuffle:
        order = tf.random.experimental.stateless_shuffle(order, tf.stack([seed, epoch]))

    def at(step: tf.Tensor):
        indices = order[step * size : (step + 1) * size]
        return epoch, step, tf.ensure_shape(indices, [size]) if steps * size <= n else indices

    return tf.data.Dataset.range(steps).map(at)

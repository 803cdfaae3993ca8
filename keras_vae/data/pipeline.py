"""The tf.data pipeline, from an array to shuffled, binarized and prefetched batches."""

import math
from collections.abc import Callable

import numpy as np
import tensorflow as tf

from keras_vae.checks import check_integer
from keras_vae.data import binarize as binarization
from keras_vae.data.lazy_array import LARGE, InMemory, LazyArray
from keras_vae.data.shuffled_range import MOST_SHUFFLED
from keras_vae.data.validate import validate, validate_conditions
from keras_vae.errors import InvalidInputError
from keras_vae.pipeline_options import pipeline_options

BUFFER = 2**28
"""Number of bytes for batches that are read in advance."""

MOST_PREFETCHED = 16
"""The largest number of batches that are read in advance."""


def steps_per_epoch(n: int, batch_size: int) -> int:
    """Returns the number of full batches in a shuffled epoch of `n` examples; 1 if `n` is less than a batch.

    Example:

    >>> steps_per_epoch(1000, 128), steps_per_epoch(10, 128)
    (7, 1)
    """
    return n // min(n, batch_size)


def batches(
    x: np.ndarray | LazyArray,
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
        x: `(N, *event)`, converted to uint8 or float32; batches are `(B, *event)` of that dtype. The rows
            of a `LazyArray` are read when their batch is needed, several batches at a time.
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
    x = x if isinstance(x, LazyArray) else validate(x)
    if isinstance(x, np.ndarray) and x.nbytes > LARGE:
        x = InMemory(x)  # a tensor would be a copy
    y = None if y is None else validate_conditions(y, len(x))
    size = min(check_integer("batch_size", batch_size), len(x))
    seed = check_integer("seed", seed, least=0) % 2**63
    start_step = check_integer("start_step", start_step, least=0)
    binarization.check(x, binarize)
    epochs = _epochs(shuffle, start_epoch)
    if isinstance(x, LazyArray):
        x = x if binarize in (None, "dynamic") else binarization.Binarized(x, binarize, seed)
    elif binarize == "static":
        x = binarization.static(x, seed)
    elif binarize == "threshold":
        x = binarization.threshold(x)
    with tf.device("CPU"):
        labels = None if y is None else tf.constant(y)
        read = _reader(x)

    def batch(epoch: tf.Tensor, step: tf.Tensor, indices: tf.Tensor):
        batch_x = read(indices)
        if binarize == "dynamic":
            noise = tf.random.experimental.stateless_fold_in(tf.stack([seed, epoch]), step)
            batch_x = binarization.dynamic(batch_x, noise)
        return batch_x if labels is None else (batch_x, tf.gather(labels, indices))

    steps = steps_per_epoch(len(x), size) if shuffle else -(-len(x) // size)
    skipped_epochs, skipped_steps = divmod(start_step, steps)

    def indices_of(number: tf.Tensor, epoch: tf.Tensor) -> tf.data.Dataset:
        first = tf.where(number == 0, tf.constant(skipped_steps, tf.int64), 0)
        return _indices(epoch, len(x), size, first, steps, shuffle, seed)

    total = max(steps - start_step, 0) if start_epoch is None else tf.data.INFINITE_CARDINALITY
    in_advance = BUFFER // (size * x.dtype.itemsize * math.prod(x.shape[1:]))
    plain = tf.autograph.experimental.do_not_convert  # the conversion would delay the first batch by a second
    return (
        epochs.skip(skipped_epochs)
        .enumerate()
        .flat_map(plain(indices_of))
        .map(plain(batch), num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
        .apply(tf.data.experimental.assert_cardinality(total))
        .prefetch(min(max(in_advance, 1), MOST_PREFETCHED))
        .with_options(pipeline_options())
    )


def _epochs(shuffle: bool, start_epoch: int | None) -> tf.data.Dataset:
    """Yields epoch numbers: infinitely many from `start_epoch`, or one per pass, counted from 0."""
    if start_epoch is None:
        with tf.device("CPU"):
            passes = tf.Variable(-1, dtype=tf.int64, trainable=False)
        return tf.data.Dataset.range(1).map(tf.autograph.experimental.do_not_convert(lambda _: passes.assign_add(1)))
    if not shuffle:
        raise InvalidInputError("start_epoch: expected shuffle=True, got shuffle=False; leave start_epoch out.")
    return tf.data.Dataset.counter(check_integer("start_epoch", start_epoch, least=0))


def _reader(x: np.ndarray | LazyArray) -> Callable[[tf.Tensor], tf.Tensor]:
    """Returns a function of the graph that reads the examples at indices `(B,)`."""
    if isinstance(x, np.ndarray):
        examples = tf.constant(x)
        return lambda indices: tf.gather(examples, indices)

    def take(indices: np.ndarray) -> np.ndarray:
        try:
            return x.take(indices)
        except InvalidInputError as error:
            x.fail(error)
            raise

    def read(indices: tf.Tensor) -> tf.Tensor:
        rows = tf.numpy_function(take, [indices], x.dtype, stateful=False)
        return tf.ensure_shape(rows, [*indices.shape, *x.shape[1:]])

    return read


def _indices(
    epoch: tf.Tensor, n: int, size: int, first: tf.Tensor, steps: int, shuffle: bool, seed: int
) -> tf.data.Dataset:
    """Returns `(epoch, step, indices)` for each batch of an epoch from the step `first` on, indices int64 `(B,)`."""
    order = None
    if shuffle and n <= MOST_SHUFFLED:
        order = tf.random.experimental.stateless_shuffle(tf.range(n, dtype=tf.int64), tf.stack([seed, epoch]))

    def batch_indices(step: tf.Tensor):
        indices = tf.range(step * size, tf.minimum((step + 1) * size, n))
        if order is not None:
            indices = order[step * size : (step + 1) * size]
        elif shuffle:
            indices = tf.random.experimental.index_shuffle(
                indices, tf.stack([seed, epoch]), tf.constant(n - 1, tf.int64)
            )
        return epoch, step, tf.ensure_shape(indices, [size]) if steps * size <= n else indices

    return tf.data.Dataset.range(first, steps).map(tf.autograph.experimental.do_not_convert(batch_indices))

"""Noise as a pure function of seeds, for runs that can be repeated, resumed and distributed over replicas."""

import contextlib
import math
import random
from collections.abc import Iterator

import tensorflow as tf

TURNS, WAVES = 10.0, 32


def as_seed(seed: int | tf.Tensor) -> tf.Tensor:
    """Converts an integer or tensor to a stateless seed, int32 of shape `(2,)`, or `(B, 2)` for a seed per example.

    Example:

    >>> as_seed(7).shape
    TensorShape([2])
    """
    tensor = tf.cast(tf.convert_to_tensor(seed), tf.int32)
    return tf.stack([tf.zeros_like(tensor), tensor]) if tensor.shape.rank == 0 else tensor


@contextlib.contextmanager
def initial_weights(seed: int | None, part: str = "") -> Iterator[None]:
    """A context in which `seed` determines the initial weights of new layers.

    Without a seed, an initializer of Keras draws one from Python's random generator. The context seeds this generator,
    and restores its state at the end.

    Args:
        seed: the seed. None changes nothing.
        part: name of the part. Parts with the same seed and different names have independent weights.

    Example:

    >>> def weights():
    ...     with initial_weights(3, "encoder"):
    ...         return kv.MLPEncoder((2,), units=(2,)).get_weights()
    >>> bool((weights()[0] == weights()[0]).all())
    True
    """
    if seed is None:
        yield
        return
    state = random.getstate()
    random.seed(f"{seed} {part}")
    try:
        yield
    finally:
        random.setstate(state)


def fold(seed: tf.Tensor, number: int | tf.Tensor) -> tf.Tensor:
    """Returns a new seed, in the shape of `seed`. Different numbers give independent noise."""
    number = tf.cast(number, tf.int32)
    if seed.shape.rank == 1:
        return tf.random.experimental.stateless_fold_in(seed, number)
    return tf.map_fn(lambda one: tf.random.experimental.stateless_fold_in(one, number), seed)


def noise_of(x: tf.Tensor, samples: int, size: int) -> tf.Tensor:
    """Standard normal noise for each row of `x`, as a function of this row alone and not of the rest of the batch.

    Different rows have different noise, but a rounding error in a row changes its noise only slightly. Each value is a
    sum of cosines of random projections of the row, which is normal in the limit of many cosines. The gradient is
    stopped.

    Args:
        x: rows `(..., D)`. Values of different rows should differ by more than about 0.1.
        samples: number of independent samples per row, S.
        size: length of a sample.

    Returns:
        Shape `(S, ..., size)`.

    Example:

    >>> rows = tf.random.stateless_normal((1000, 4), (0, 1))
    >>> noise = noise_of(rows, 2, 3)
    >>> noise.shape, round(float(tf.math.reduce_std(noise)), 1)
    (TensorShape([2, 1000, 3]), 1.0)
    """
    shape = (x.shape[-1], samples * size * WAVES)
    frequencies = TURNS / x.shape[-1] ** 0.5 * tf.random.stateless_normal(shape, (0, 0), dtype=x.dtype)
    offsets = tf.random.stateless_uniform(shape[1:], (0, 1), dtype=x.dtype)
    waves = tf.cos(2.0 * math.pi * (tf.tensordot(tf.stop_gradient(x), frequencies, 1) + offsets))
    waves = tf.reshape(waves, tf.concat([tf.shape(x)[:-1], [samples, size, WAVES]], axis=0))
    draws = (2.0 / WAVES) ** 0.5 * tf.reduce_sum(waves, axis=-1)
    return tf.experimental.numpy.moveaxis(draws, -2, 0)

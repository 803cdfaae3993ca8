"""Exchanges values between workers outside a training step. With a single worker nothing is exchanged."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from keras_vae.digest import digest_of
from keras_vae.distribute.cluster import Cluster
from keras_vae.errors import InvalidInputError
from keras_vae.replicas import between_workers, global_batch, global_sum, of_first

TRANSFER_TYPES = {"float16": "float32", "bfloat16": "float32", "uint32": "int64", "bool": "int32"}
"""The dtypes that collectives do not support, and the dtypes that transfer them."""


def is_chief(strategy: str | tf.distribute.Strategy) -> bool:
    """Returns whether this process is the chief, which writes the files.

    Args:
        strategy: a strategy, or its name in `STRATEGIES`.

    Example:

    >>> is_chief("mirrored")
    True
    """
    workers = strategy in ("auto", "multi-worker") if isinstance(strategy, str) else between_workers(strategy)
    cluster = Cluster.from_environment() if workers else None
    return cluster is None or cluster.is_chief


def everyones(strategy: tf.distribute.Strategy, number: int) -> np.ndarray:
    """Gathers one number from each worker, int32 `(workers,)`. Every worker must call this function.

    Args:
        strategy: strategy of the workers.
        number: the number of this worker.

    Example:

    >>> everyones(tf.distribute.get_strategy(), 7)  # a single worker
    array([7], dtype=int32)
    """
    if not between_workers(strategy):
        return np.array([number], "int32")
    values = strategy.run(_gather, args=(tf.constant([number], tf.int32),))
    return strategy.experimental_local_results(values)[0].numpy()


@tf.function(autograph=False)
def _gather(number):
    return global_batch(tf.identity(number))  # the copy has a device, unlike the argument


def check_alike(strategy: tf.distribute.Strategy, arrays: Iterable[Any], name: str) -> None:
    """Checks by a digest that all workers have the same arrays. Every worker must call this function.

    Args:
        strategy: strategy of the workers.
        arrays: arrays that must be the same on all workers.
        name: name of the arrays, for the message.

    Raises:
        InvalidInputError: on every worker, if they differ.

    Example:

    >>> check_alike(tf.distribute.get_strategy(), [np.zeros(3)], "examples") is None  # a single worker
    True
    """
    if not between_workers(strategy):
        return
    values = everyones(strategy, int(digest_of(arrays)[:8], 16) % 2**31)
    (different,) = np.nonzero(values != values[0])
    if different.size:
        raise InvalidInputError(
            f"worker {different[0]}: expected the same {name} as the chief, got different {name}; give all workers the "
            "same."
        )


def from_chief(strategy: tf.distribute.Strategy, arrays: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Sends the arrays of the chief to every worker.

    Every worker must call this function, with arrays of the same shapes and dtypes.

    Args:
        strategy: strategy of the workers.
        arrays: the arrays of this worker, of any shapes.

    Returns:
        The arrays of the chief.

    Example:

    >>> from_chief(tf.distribute.get_strategy(), [np.array([1.0, 2.0])])  # a single worker
    [array([1., 2.])]
    """
    if not between_workers(strategy):
        return list(arrays)
    arrays = [np.asarray(array) for array in arrays]
    constants = [tf.constant(array.astype(TRANSFER_TYPES.get(array.dtype.name, array.dtype))) for array in arrays]
    summed = tf.function(lambda values: [global_sum(of_first(value)) for value in values], autograph=False)
    results = strategy.run(summed, args=(constants,))
    local = [strategy.experimental_local_results(value)[0].numpy() for value in results]
    return [value.astype(array.dtype) for value, array in zip(local, arrays, strict=True)]

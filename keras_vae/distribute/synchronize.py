"""What workers tell each other outside a training step; a single one has nobody to ask."""

from collections.abc import Iterable, Sequence

import numpy as np
import tensorflow as tf

from keras_vae.digest import digest_of
from keras_vae.distribute.cluster import Cluster
from keras_vae.errors import InvalidInputError
from keras_vae.replicas import between_workers, global_batch, global_sum, of_first

SENT_AS = {"float16": "float32", "bfloat16": "float32", "uint32": "int64", "bool": "int32"}
"""The types that collectives do not know, and what they are sent as."""


def is_chief(strategy: str | tf.distribute.Strategy) -> bool:
    """Whether this process writes the files, under a strategy or the name of one that is yet to be made."""
    workers = strategy in ("auto", "multi-worker") if isinstance(strategy, str) else between_workers(strategy)
    cluster = Cluster.from_environment() if workers else None
    return cluster is None or cluster.is_chief


def everyones(strategy: tf.distribute.Strategy, number: int) -> np.ndarray:
    """The numbers that the workers have given, int32 `(workers,)`; every worker must call this at the same moment."""
    if not between_workers(strategy):
        return np.array([number], "int32")
    found = strategy.run(_gathered, args=(tf.constant([number], tf.int32),))
    return strategy.experimental_local_results(found)[0].numpy()


@tf.function
def _gathered(number):
    return global_batch(tf.identity(number))  # which has a device, unlike the argument


def check_alike(strategy: tf.distribute.Strategy, arrays: Iterable[np.ndarray | None], what: str) -> None:
    """Checks that all workers have the same arrays, by their digest; every worker must call this.

    Args:
        strategy: of the workers.
        arrays: what must be alike.
        what: the thing in question.

    Raises:
        InvalidInputError: on every worker, if they differ.
    """
    if not between_workers(strategy):
        return
    found = everyones(strategy, int(digest_of(arrays)[:8], 16) % 2**31)
    (others,) = np.nonzero(found != found[0])
    if others.size:
        raise InvalidInputError(
            f"worker {others[0]}: expected the chief's {what}, it has another; give all workers the same."
        )


def from_chief(strategy: tf.distribute.Strategy, arrays: Sequence[np.ndarray]) -> list[np.ndarray]:
    """The chief's arrays, on every worker; all must call this, with arrays of the same shapes and types."""
    if not between_workers(strategy):
        return list(arrays)
    arrays = [np.asarray(array) for array in arrays]
    sent = [tf.constant(array.astype(SENT_AS.get(array.dtype.name, array.dtype))) for array in arrays]
    received = strategy.run(tf.function(lambda values: [global_sum(of_first(value)) for value in values]), args=(sent,))
    local = [strategy.experimental_local_results(value)[0].numpy() for value in received]
    return [value.astype(array.dtype) for value, array in zip(local, arrays, strict=True)]

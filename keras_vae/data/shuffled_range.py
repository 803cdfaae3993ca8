"""A random order that takes no memory."""

from typing import Any, overload

import numpy as np
import tensorflow as tf

MOST_SHUFFLED = 2**22
"""The maximum number of examples whose order is held in memory. For more, each batch computes its own part of it."""


class ShuffledRange:
    """The numbers 0 to `n` - 1 in a pseudorandom order, each of which is computed when it is needed.

    Indexing with a slice returns another `ShuffledRange`, with an array of positions an array `(B,)` in int64.
    `numpy.asarray` returns all numbers.

    Args:
        n: number of numbers.
        seed: seed of the order, 0 or more.
        positions: the positions in the order that are selected. None selects all.

    Example:

    >>> order = ShuffledRange(1000, seed=0)
    >>> len(order[:10]), sorted(np.asarray(order)) == list(range(1000))
    (10, True)
    """

    def __init__(self, n: int, seed: int, positions: range | None = None):
        self.n, self.seed = n, seed
        self.positions = range(n) if positions is None else positions

    def __len__(self) -> int:
        return len(self.positions)

    @overload
    def __getitem__(self, key: slice) -> "ShuffledRange": ...

    @overload
    def __getitem__(self, key: np.ndarray) -> np.ndarray: ...

    def __getitem__(self, key: slice | np.ndarray) -> "ShuffledRange | np.ndarray":
        if isinstance(key, slice):
            return ShuffledRange(self.n, self.seed, self.positions[key])
        places = self.positions.start + self.positions.step * np.asarray(key, np.int64)
        if not len(places):
            return places  # TensorFlow takes at least one
        with tf.device("CPU"):
            seed = tf.constant([self.seed % 2**63, -1], tf.int64)
            return tf.random.experimental.index_shuffle(places, seed, tf.constant(self.n - 1, tf.int64)).numpy()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        whole = self[np.arange(len(self))]
        return whole if dtype is None else whole.astype(dtype)

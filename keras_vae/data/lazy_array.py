"""Arrays whose rows are read when they are needed, for data that do not fit in memory."""

import abc
import math
from collections.abc import Iterator, Sequence
from typing import Any, overload

import numpy as np
import psutil

from keras_vae.data.shuffled_range import ShuffledRange
from keras_vae.digest import digest_of
from keras_vae.errors import InvalidInputError
from keras_vae.text import readable_bytes

LARGE = 2**28
"""Number of bytes of examples above which data are read when they are needed."""

MOST_SAMPLED, MOST_SAMPLED_BYTES = 10_000, 2**23
"""The maximum size of a `sample`, in rows and in bytes."""

BLOCK = 2**25
"""Number of bytes that are read at a time, if all rows are read."""


class LazyArray(abc.ABC):
    """An array `(N, *event)` whose rows are read when they are needed.

    Indexing with a number reads one row. Indexing with a slice, or with an array of indices or booleans, returns
    another lazy array and reads nothing. `numpy.asarray` reads all rows, if there is enough memory for them.

    Subclasses implement `take`. It must be thread-safe.

    Args:
        shape: `(N, *event)`.
        dtype: dtype of the rows, uint8 or float32.

    Example:

    >>> lazy = InMemory(np.arange(12, dtype="float32").reshape(6, 2))[::2]
    >>> lazy, lazy.take([2, 0]).tolist()
    (Rows of shape (3, 2), float32, [[8.0, 9.0], [0.0, 1.0]])
    """

    def __init__(self, shape: Sequence[int], dtype: Any):
        self.shape, self.dtype = tuple(map(int, shape)), np.dtype(dtype)
        self.base: LazyArray | None = None
        self.failure: InvalidInputError | None = None
        self.sampled: np.ndarray | None = None
        self.sampled_more: np.ndarray | None = None

    @abc.abstractmethod
    def take(self, indices: Sequence[int] | np.ndarray) -> np.ndarray:
        """Reads rows.

        Args:
            indices: `(B,)` integers from 0 to N - 1.

        Returns:
            `(B, *event)`.

        Raises:
            InvalidInputError: if the rows cannot be read.
        """

    def fail(self, error: InvalidInputError) -> None:
        """Stores an error of `take`, also in the array that this one selects from.

        TensorFlow replaces an error within a `tf.data.Dataset` by one of its own.
        """
        self.failure = error
        if self.base is not None:
            self.base.fail(error)

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def nbytes(self) -> int:
        """The number of bytes of all rows."""
        return math.prod(self.shape) * self.dtype.itemsize

    def __len__(self) -> int:
        return self.shape[0]

    def __repr__(self) -> str:
        return f"{type(self).__name__} of shape {self.shape}, {self.dtype}"

    @overload
    def __getitem__(self, key: int) -> np.ndarray: ...
    @overload
    def __getitem__(self, key: slice | np.ndarray | ShuffledRange) -> "LazyArray": ...

    def __getitem__(self, key: int | slice | np.ndarray | ShuffledRange) -> "np.ndarray | LazyArray":
        if isinstance(key, slice):
            return self.rows(range(len(self))[key])
        if isinstance(key, ShuffledRange):
            return self.rows(key)
        indices = np.asarray(key)
        if indices.dtype == bool:
            (indices,) = np.nonzero(indices)
        if indices.ndim:
            return self.rows(np.where(indices < 0, indices + len(self), indices))
        return self.take(np.array([range(len(self))[int(indices)]]))[0]

    def rows(self, indices: range | np.ndarray | ShuffledRange) -> "LazyArray":
        """Returns a lazy array of the B rows at `indices`, `(B, *event)`."""
        return Rows(self, indices)

    def chunks(self) -> Iterator[np.ndarray]:
        """Reads all rows in order, in arrays `(B, *event)` of about `BLOCK` bytes."""
        size = max(1, BLOCK * len(self) // max(self.nbytes, 1))
        for start in range(0, len(self), size):
            yield self.take(np.arange(start, min(start + size, len(self))))

    def sample(self, most: int = MOST_SAMPLED, most_bytes: int = MOST_SAMPLED_BYTES) -> np.ndarray:
        """Reads rows at equal distances, `(B, *event)`: at most `most` and `most_bytes` bytes, but at least one."""
        return self.take(self.spread(most, most_bytes))

    def spread(self, most: int, most_bytes: int) -> np.ndarray:
        """Returns the indices of the rows of a `sample`, `(B,)`."""
        count = max(1, min(most, most_bytes * len(self) // max(self.nbytes, 1), len(self)))
        return np.linspace(0, len(self) - 1, count).astype(np.int64)

    def digest(self) -> str:
        """Returns a digest of the shape and of a sample of the rows."""
        return digest_of([np.array(self.shape), self.sample(256, 2**22)])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        if copy is False:
            raise ValueError("a lazy array is not in memory, so that reading it always makes a copy")
        available = psutil.virtual_memory().available
        if self.nbytes > available:
            raise InvalidInputError(
                f"data: expected examples that fit in {readable_bytes(available)} of free memory, got {len(self)} of "
                f"shape {self.shape[1:]}, {readable_bytes(self.nbytes)}; use fewer, such as x[:1000] or --limit."
            )
        whole, start = np.empty(self.shape, self.dtype), 0
        for chunk in self.chunks():
            whole[start : start + len(chunk)] = chunk
            start += len(chunk)
        return whole if dtype is None else whole.astype(dtype, copy=False)


class InMemory(LazyArray):
    """Rows of an array in memory, which selections share instead of copying it.

    Args:
        x: `(N, *event)`.
    """

    def __init__(self, x: np.ndarray):
        super().__init__(x.shape, x.dtype)
        self.x = x

    def take(self, indices: Sequence[int] | np.ndarray) -> np.ndarray:
        return self.x[np.asarray(indices)]


class Rows(LazyArray):
    """Selected rows of another lazy array.

    Args:
        base: the lazy array.
        indices: indices of the rows in `base`.
    """

    def __init__(self, base: LazyArray, indices: range | np.ndarray | ShuffledRange):
        super().__init__((len(indices), *base.shape[1:]), base.dtype)
        self.base: LazyArray = base
        small = isinstance(indices, np.ndarray) and len(base) < 2**31
        self.indices = np.asarray(indices, np.int32) if small else indices

    def take(self, indices: Sequence[int] | np.ndarray) -> np.ndarray:
        return self.base.take(self._in_base(np.asarray(indices)))

    def rows(self, indices: range | np.ndarray | ShuffledRange) -> LazyArray:
        if isinstance(indices, range):
            stop = None if indices.stop < 0 else indices.stop  # of a range that counts down
            return Rows(self.base, self.indices[slice(indices.start, stop, indices.step)])
        return Rows(self.base, self._in_base(np.asarray(indices)))

    def digest(self) -> str:
        chosen = self.indices
        if isinstance(chosen, range):
            order = np.array([chosen.start, chosen.stop, chosen.step])
        elif isinstance(chosen, ShuffledRange):
            places = chosen.positions
            order = np.array([chosen.n, chosen.seed, places.start, places.stop, places.step])
        else:
            order = chosen
        return digest_of([order, np.frombuffer(self.base.digest().encode(), np.uint8)])

    def _in_base(self, indices: np.ndarray) -> np.ndarray:
        if isinstance(self.indices, range):
            return self.indices.start + self.indices.step * indices.astype(np.int64)
        return np.asarray(self.indices[indices], np.int64)


class Joined(LazyArray):
    """Several arrays one after the other.

    Args:
        parts: lazy arrays, or arrays, `(N_i, *event)` of one dtype.
    """

    def __init__(self, parts: Sequence[LazyArray | np.ndarray]):
        self.parts = [InMemory(part) if isinstance(part, np.ndarray) else part for part in parts]
        lengths = [len(part) for part in self.parts]
        super().__init__((sum(lengths), *self.parts[0].shape[1:]), self.parts[0].dtype)
        self._ends = np.cumsum(lengths)

    def take(self, indices: Sequence[int] | np.ndarray) -> np.ndarray:
        indices = np.asarray(indices, np.int64)
        result = np.empty((len(indices), *self.shape[1:]), self.dtype)
        owners = np.searchsorted(self._ends, indices, side="right")
        for owner in np.unique(owners):
            chosen = owners == owner
            start = self._ends[owner] - len(self.parts[owner])
            result[chosen] = self.parts[owner].take(indices[chosen] - start)
        return result

    def digest(self) -> str:
        return digest_of([np.frombuffer(part.digest().encode(), np.uint8) for part in self.parts])


class Cached(LazyArray):
    """A lazy array that keeps each row in memory once it has been read.

    Args:
        base: the lazy array.
    """

    def __init__(self, base: LazyArray):
        super().__init__(base.shape, base.dtype)
        self.base: LazyArray = base
        self._rows, self._has = np.empty(base.shape, base.dtype), np.zeros(len(base), bool)

    def take(self, indices: Sequence[int] | np.ndarray) -> np.ndarray:
        indices = np.asarray(indices)
        missing = np.unique(indices[~self._has[indices]])
        if len(missing):
            self._rows[missing] = self.base.take(missing)
            self._has[missing] = True  # after the rows, for other threads
        return self._rows[indices]

    def digest(self) -> str:
        return self.base.digest()


def sample(x: np.ndarray | LazyArray) -> np.ndarray:
    """Returns an array as it is, and a sample of a lazy array, see `LazyArray.sample`, which is read only once."""
    if isinstance(x, np.ndarray):
        return x
    if x.sampled is None:
        x.sampled = x.sample()
    return x.sampled


def sample_of(x: np.ndarray | LazyArray, least: int) -> np.ndarray:
    """Returns a `sample`, or for more rows than it has, another one of `least` rows, which is read only once, too."""
    usual = sample(x)
    if isinstance(x, np.ndarray) or least <= len(usual):
        return usual
    if x.sampled_more is None or len(x.sampled_more) != min(least, len(x)):
        x.sampled_more = x.sample(least, most_bytes=x.nbytes)
    return x.sampled_more

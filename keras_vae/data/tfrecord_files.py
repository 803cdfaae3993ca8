"""The records of TFRecord files, read in any order."""

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from keras_vae.errors import InvalidInputError
from keras_vae.files import version_of
from keras_vae.progress import progress
from keras_vae.tfrecord import CompressedFileError, DamagedFileError, record_at, record_ends


class TFRecordFiles:
    """The records of TFRecord files, read in any order.

    The constructor reads the header of each record, to find where it starts: 8 bytes of memory for each. The files must
    be local, without compression, and must not change while they are used.

    Args:
        paths: the files; their records follow one another.

    Raises:
        InvalidInputError: if a file is damaged, compressed or cannot be read. `take` raises it also if a record is
            damaged, or if its file has changed since it was opened.

    Example:

    >>> with tf.io.TFRecordWriter("a.tfrecord") as writer:
    ...     for content in (b"one", b"two", b"three"):
    ...         writer.write(content)
    >>> files = TFRecordFiles(["a.tfrecord"])
    >>> len(files), files.take([2, 0]), files.name_of(2)
    (3, [b'three', b'one'], 'a.tfrecord, record 2')
    """

    def __init__(self, paths: Sequence[str | Path]):
        self.paths = [Path(path) for path in paths]
        self._ends, self._versions = [], []
        for path in self.paths:
            with _named_errors(path):
                self._versions.append(version_of(path))
            self._ends.append(np.fromiter(_ends(path), np.int64))
        self._last = np.cumsum([len(ends) for ends in self._ends])  # the number of records up to the end of each file

    def __len__(self) -> int:
        return int(self._last[-1]) if self.paths else 0

    def take(self, indices: Sequence[int] | np.ndarray) -> list[bytes]:
        """Reads records; thread-safe.

        Args:
            indices: `(B,)` integers from 0 to N - 1.
        """
        indices = np.asarray(indices, np.int64)
        owners, records = self.file_of(indices), [b""] * len(indices)
        for owner in np.unique(owners):
            rows = np.flatnonzero(owners == owner)
            rows = rows[np.argsort(indices[rows], kind="stable")]
            for row, record in zip(rows, self._read(int(owner), self._local(indices[rows])), strict=True):
                records[row] = record
        return records

    def file_of(self, indices: np.ndarray) -> np.ndarray:
        """Returns the index of the file of each record."""
        return np.searchsorted(self._last, indices, side="right")

    def name_of(self, index: int) -> str:
        """Returns the file and the number of a record, for messages."""
        owner = int(self.file_of(np.array([index]))[0])
        return f"{self.paths[owner].name}, record {self._local(np.array([index]))[0]}"

    def digest_arrays(self) -> Iterable[np.ndarray]:
        """Returns the names of the files and the positions of the records, for a digest."""
        names = "\n".join(path.name for path in self.paths)
        return np.frombuffer(names.encode("utf-8", "surrogatepass"), np.uint8), *self._ends

    def _local(self, indices: np.ndarray) -> np.ndarray:
        """Returns the number of each record in its file."""
        return indices - np.concatenate([[0], self._last])[self.file_of(indices)]

    def _read(self, owner: int, numbers: np.ndarray) -> Iterator[bytes]:
        path, ends = self.paths[owner], self._ends[owner]
        with _named_errors(path), path.open("rb") as file:
            if version_of(path) != self._versions[owner]:
                raise InvalidInputError(f"{path}: it has changed since it was opened; start again.")
            for number in numbers:
                try:
                    yield record_at(file, int(ends[number - 1]) if number else 0, int(ends[number]))
                except DamagedFileError as error:
                    raise _damaged(path, number, error) from error


def _ends(path: Path) -> Iterator[int]:
    number = 0
    try:
        with _named_errors(path):
            for end in progress(record_ends(path), None, f"Finding the records of {path.name}"):
                yield end
                number += 1
    except DamagedFileError as error:
        raise _damaged(path, number, error) from error


@contextlib.contextmanager
def _named_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except CompressedFileError as error:
        raise InvalidInputError(
            f"{path}: expected records that can be read in any order, got a file compressed with gzip; decompress it "
            f"with gzip -dc {path.name} > new.tfrecord."
        ) from error
    except OSError as error:
        raise InvalidInputError(f"{path}: it cannot be read ({error.strerror}).") from error


def _damaged(path: Path, number: int, error: Exception) -> InvalidInputError:
    other = "" if number else ", or no TFRecord file"
    return InvalidInputError(f"{path}, record {number}: the file is damaged{other} ({error}); write it again.")

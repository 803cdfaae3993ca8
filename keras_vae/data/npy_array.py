"""The array of a .npy file, whose rows are read when they are needed."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from keras_vae.data.lazy_array import LazyArray
from keras_vae.data.validate import validate
from keras_vae.errors import InvalidInputError, one_line
from keras_vae.files import version_of

SMALL_ROW = 4096
"""Rows of fewer bytes are read through a map of the file in memory, as a call to read each takes longer."""


class NpyArray(LazyArray):
    """The array of a `.npy` file, whose rows are read when they are needed.

    Rows are converted as in `validate`, except that infinite values are not checked here: each batch is checked in
    training.

    Args:
        path: path of the file.

    Raises:
        InvalidInputError: if the file is damaged or shorter than its header says, or if its array is in Fortran order
            or is not supported by `validate`. `take` raises it if the file has changed since it was opened.

    Example:

    >>> np.save("x.npy", np.arange(6).reshape(3, 2))
    >>> NpyArray("x.npy").take([2, 0])
    array([[4., 5.],
           [0., 1.]], dtype=float32)
    """

    def __init__(self, path: str | Path):
        self.path = Path(path)
        try:
            with self.path.open("rb") as file:
                shape, fortran, self._stored = _read_header(file)
                self._start, self._version = file.tell(), version_of(file.fileno())
        except Exception as error:  # a damaged header raises errors of many classes
            raise InvalidInputError(
                f"{path}: expected an array written by numpy.save; {one_line(error) or 'it is empty'}."
            ) from error
        if fortran and len(shape) > 1:
            raise InvalidInputError(
                f"{path}: expected rows one after the other, got an array in Fortran order; save "
                "np.ascontiguousarray(x)."
            )
        if self._stored.hasobject or not shape:
            raise InvalidInputError(f"{path}: expected numbers of shape (N, ...), got {self._stored} of shape {shape}.")
        self._row, self._map = shape[1:], None
        self._row_bytes = math.prod(self._row) * self._stored.itemsize
        expected = self._start + shape[0] * self._row_bytes
        if self._version[0] < expected:
            raise InvalidInputError(
                f"{path}: expected {expected:,} bytes for an array of shape {shape}, got {self._version[0]:,}; the "
                "file is cut short, write it again."
            )
        first = np.zeros((1, *self._row), self._stored) if shape[0] else np.zeros((0, *self._row), self._stored)
        example = validate(first, str(path))  # also checks dtype and rank
        super().__init__((shape[0], *example.shape[1:]), example.dtype)

    def take(self, indices: Sequence[int] | np.ndarray) -> np.ndarray:
        indices = np.asarray(indices, np.int64)
        try:
            rows = self._mapped(indices) if 0 < self._row_bytes < SMALL_ROW and len(self) else self._read(indices)
        except OSError as error:
            raise InvalidInputError(f"{self.path}: it cannot be read ({error.strerror}).") from error
        return self._converted(rows)

    def _mapped(self, indices: np.ndarray) -> np.ndarray:
        # A file that has become shorter would end the process.
        self._check(version_of(self.path) == self._version)
        if self._map is None:
            self._map = np.asarray(np.memmap(self.path, self._stored, "r", self._start, (len(self), *self._row)))
        return self._map[indices]

    def _read(self, indices: np.ndarray) -> np.ndarray:
        rows = np.empty((len(indices), *self._row), self._stored)
        content = rows.reshape(len(indices), -1).view(np.uint8)
        # Neighbouring rows are read at once.
        starts = np.flatnonzero(np.diff(indices, prepend=-2) != 1)
        with self.path.open("rb", buffering=0) as file:
            self._check(version_of(file.fileno()) == self._version)
            for start, stop in zip(starts, [*starts[1:], len(indices)], strict=True):
                file.seek(self._start + int(indices[start]) * self._row_bytes)
                block = content[start:stop].reshape(-1).data
                while len(block):
                    count = file.readinto(block)
                    self._check(bool(count))
                    block = block[count:]
        return rows

    def _converted(self, rows: np.ndarray) -> np.ndarray:
        if self._stored.kind == "b":
            rows = rows.astype(np.uint8) * np.uint8(255)
        with np.errstate(over="ignore"):  # each batch is checked for infinite values
            return rows.astype(self.dtype, copy=False).reshape(len(rows), *self.shape[1:])

    def _check(self, unchanged: bool) -> None:
        if not unchanged:
            raise InvalidInputError(f"{self.path}: it has changed since it was opened; start again.")


def in_fortran_order(path: Path) -> bool:
    """Returns whether the array of a `.npy` file has its columns one after the other; False for a damaged file."""
    try:
        with path.open("rb") as file:
            shape, fortran, _ = _read_header(file)
    except Exception:  # a damaged header raises errors of many classes; NpyArray reports it
        return False
    return fortran and len(shape) > 1


def _read_header(file: Any) -> tuple[tuple[int, ...], bool, np.dtype]:
    version = np.lib.format.read_magic(file)
    read = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    if version not in read:
        raise ValueError(f"its version is {version}, which is not supported")
    return read[version](file)

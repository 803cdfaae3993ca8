"""Arrays and data sets by name: in the memory of each worker that reads them."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from keras_vae.bulk.record import Place, Record, Rejected
from keras_vae.bulk.sources.source import ROWS, Source, make_record
from keras_vae.data import load
from keras_vae.data.arrays import read_arrays
from keras_vae.data.table import SUFFIXES as TABLES
from keras_vae.data.table import read_as_in_training, read_table
from keras_vae.errors import InvalidInputError, one_line

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class Rows:
    """Rows of one part of a data set; the first four attributes tell which, see `array_source`."""

    data: str
    size: tuple[int, int] | None
    columns: str | None
    key: str | None
    part: str
    first: int
    rows: int

    def records(self) -> Iterator[Record | Rejected]:
        x, y, keys = _parts(self.data, self.size, self.columns, self.key)[self.part]
        source = f"{Path(self.data).name}/{self.part}" if self.part else Path(self.data).name
        for row in range(self.first, self.first + self.rows):
            fields = {"x": x[row], "condition": None if y is None else y[row]}
            if keys is not None:
                fields[self.key] = keys[row]
            yield make_record(Place(source, row), fields, self.key)


def array_source(
    data: str, size: tuple[int, int] | None, split: str | None, columns: str | None, key: str | None = None
) -> Source:
    """A `.npy` or `.npz` file, a table, or a data set by name, as a source.

    Args:
        data: file or name.
        size: `(H, W)` to bring images of TensorFlow Datasets to, where they differ.
        split: which part; None for all.
        columns: how training read its table, the options of `read_as_in_training` as JSON; None for all columns in
            their order.
        key: column of such a table with the keys; places are the keys when None.

    Raises:
        InvalidInputError: if it cannot be read, or has no such part.
    """
    parts = _parts(data, size, columns, key)
    if split is not None and split not in parts:
        raise InvalidInputError(f"{data}: expected a split {split!r}; got {', '.join(filter(None, parts)) or 'none'}.")
    units = [
        Rows(data, size, columns, key, part, first, min(ROWS, len(x) - first))
        for part, (x, _, _) in parts.items()
        if split in (None, part)
        for first in range(0, len(x), ROWS)
    ]
    return Source(data, tuple(units), has_own_keys=key is not None)


@lru_cache(maxsize=1)
def _parts(data, size, columns, key):
    """Name of the part -> x, y, keys; one part without a name for a `.npy` file, whose rows are read later."""
    suffix = Path(data).suffix.lower()
    if suffix == ".npy":
        try:
            x = np.load(data, mmap_mode="r", allow_pickle=False)
        except Exception as error:  # whatever a damaged header provokes
            raise InvalidInputError(f"{data}: expected an array written by numpy.save; {one_line(error)}.") from error
        if not x.ndim:
            raise InvalidInputError(f"{data}: expected one row or more in dimension 0; got a single number.")
        return {"": (x, None, None)}
    if suffix in TABLES and columns is not None:
        return {"train": read_as_in_training(data, key=key, **json.loads(columns))}
    if suffix == ".npz":
        read = read_arrays(data)
    elif suffix in TABLES:
        read = _table(data)
    else:
        try:
            read = load(data)
        except InvalidInputError:
            if size is None:
                raise
            read = load(data, image_size=size)
    splits = {part: getattr(read, part) for part in SPLITS}
    return {part: (split.x, split.y, None) for part, split in splits.items() if split is not None}


def _table(data):
    read = read_table(data)
    texts = [name for name, known in zip(read.column_names, read.categories, strict=True) if known]
    if texts:
        raise InvalidInputError(
            f"{data}: expected numbers, for the export does not say what its columns were; got texts in column "
            f"{texts[0]!r}; give the numbers that they had in training, or export the run again."
        )
    return read

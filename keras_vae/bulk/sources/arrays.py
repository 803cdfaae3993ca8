"""Arrays, tables and named data sets as a source. Each worker loads them into its memory."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

import numpy as np

from keras_vae.bulk.record import Place, Record, RejectedRecord
from keras_vae.bulk.sources.source import ROWS_PER_UNIT, Source, make_record
from keras_vae.data import load
from keras_vae.data.arrays import read_arrays
from keras_vae.data.table import SUFFIXES as TABLES
from keras_vae.data.table import read_as_in_training
from keras_vae.data.unrecorded import read_table_in_order
from keras_vae.errors import InvalidInputError, one_line

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class Rows:
    """Rows of one part of a data set; `data`, `size`, `columns` and `key` are arguments of `array_source`.

    `job` is unique to the source. A process that reads for several jobs then loads the data once for each of them, as
    the file may have changed in the meantime.
    """

    job: str
    data: str
    size: tuple[int, int] | None
    columns: str | None
    key: str | None
    part: str
    first: int
    rows: int

    def records(self) -> Iterator[Record | RejectedRecord]:
        x, y, keys = _loaded(self.job, self.data, self.size, self.columns, self.key).parts[self.part]
        source = f"{Path(self.data).name}/{self.part}" if self.part else Path(self.data).name
        for row in range(self.first, self.first + self.rows):
            fields = {"x": x[row], "condition": None if y is None else y[row]}
            if keys is not None and self.key is not None:
                fields[self.key] = keys[row]
            yield make_record(Place(source, row), fields, self.key)


def array_source(
    data: str, size: tuple[int, int] | None, split: str | None, columns: str | None, key: str | None = None
) -> Source:
    """Returns a source for a `.npy` or `.npz` file, a table, or a named data set.

    Args:
        data: path of the file, or name of the data set.
        size: `(H, W)` to resize images of TensorFlow Datasets to, if their sizes differ.
        split: the split to read. None reads all splits.
        columns: options of `read_as_in_training`, as JSON, with which training read its table. None reads all columns
            in the order of the table.
        key: column of the table with the keys. None uses the places of the records.

    Raises:
        InvalidInputError: if the data cannot be read, or have no such split.
    """
    job = uuid4().hex
    parts, column_names = _loaded(job, data, size, columns, key)
    if split is not None and split not in parts:
        raise InvalidInputError(f"{data}: expected a split {split!r}; got {', '.join(filter(None, parts)) or 'none'}.")
    units = [
        Rows(job, data, size, columns, key, part, first, min(ROWS_PER_UNIT, len(x) - first))
        for part, (x, _, _) in parts.items()
        if split in (None, part)
        for first in range(0, len(x), ROWS_PER_UNIT)
    ]
    names = {"x": column_names} if column_names else {}
    return Source(data, tuple(units), has_own_keys=key is not None, names=names)


class _Loaded(NamedTuple):
    """Name of the part -> x, y, keys; and the columns of a table."""

    parts: Mapping[str, tuple[np.ndarray, np.ndarray | None, list | None]]
    column_names: tuple[str, ...] = ()


@lru_cache(maxsize=1)
def _loaded(job, data, size, columns, key) -> _Loaded:
    """Loads the data; a `.npy` file is one part without a name, mapped into memory."""
    suffix = Path(data).suffix.lower()
    if suffix == ".npy":
        try:
            x = np.load(data, mmap_mode="r", allow_pickle=False)
        except Exception as error:  # a damaged header raises errors of many classes
            raise InvalidInputError(f"{data}: expected an array written by numpy.save; {one_line(error)}.") from error
        if not x.ndim:
            raise InvalidInputError(f"{data}: expected an array of shape (rows, ...); got a single number.")
        return _Loaded({"": (x, None, None)})
    if suffix in TABLES and columns is not None:
        options = json.loads(columns)
        return _Loaded({"train": read_as_in_training(data, key=key, **options)}, tuple(options["use_columns"]))
    if suffix == ".npz":
        data_set = read_arrays(data)
    elif suffix in TABLES:
        data_set = read_table_in_order(data, "the export")
    else:
        try:
            data_set = load(data)
        except InvalidInputError:
            if size is None:
                raise
            data_set = load(data, image_size=size)
    splits = {part: getattr(data_set, part) for part in SPLITS}
    parts = {part: (split.x, split.y, None) for part, split in splits.items() if split is not None}
    return _Loaded(parts, data_set.column_names)

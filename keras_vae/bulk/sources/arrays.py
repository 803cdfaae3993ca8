"""Arrays, tables, prepared folders and named data sets as a source. Each worker loads them into its memory."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import numpy as np

from keras_vae.bulk.record import Place, Record, RejectedRecord
from keras_vae.bulk.sources.source import ROWS_PER_UNIT, Source, make_record
from keras_vae.data import load
from keras_vae.data.arrays import read_arrays
from keras_vae.data.arrow_tables import SUFFIXES as TABLES
from keras_vae.data.hugging_face import is_hugging_face
from keras_vae.data.lazy_array import LazyArray
from keras_vae.data.load import read
from keras_vae.data.prepared import is_prepared, prepared_columns
from keras_vae.data.split_dataset import PARTS
from keras_vae.data.table import read_as_in_training, read_table
from keras_vae.data.unrecorded import in_order, warn_of_labels
from keras_vae.errors import InvalidInputError, one_line


@dataclass(frozen=True)
class Data:
    """The data of a job, which each worker loads into its memory.

    Attributes:
        job: unique to the source. A process that reads for several jobs then loads the data once for each of them, as
            the file may have changed in the meantime.
        path: path of the file or folder, or name of the data set.
        shape: `(H, W, C)` of the input images of the model, to which images are brought. None for other models.
        columns: options of `read_as_in_training`, as JSON, with which training read its table. None reads all columns
            in the order of the table.
        key: column of the table with the keys.
        label_names: for a folder, names of the labels 0, 1, ... in training. None if the model takes no labels.
    """

    job: str = field(repr=False)
    path: str
    shape: tuple[int, int, int] | None = None
    columns: str | None = None
    key: str | None = None
    label_names: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Rows:
    """Rows of one part of the data."""

    data: Data
    part: str
    first: int
    rows: int

    def records(self) -> Iterator[Record | RejectedRecord]:
        x, y, keys, faults = _loaded(self.data).parts[self.part]
        file, key = Path(self.data.path).name, self.data.key
        source = f"{file}/{self.part}" if self.part else file
        for row, example in enumerate(_examples(x, self.first, self.rows), self.first):
            place = Place(source, row)
            fields = {"x": example, "condition": None if y is None else y[row]}
            if keys is not None and key is not None:
                fields[key] = keys[row]
            record = make_record(place, fields, key)
            yield RejectedRecord(record.key, place, "wrong type", faults[row]) if row in faults else record


def array_source(
    data: str,
    shape: tuple[int, int, int] | None,
    split: str | None,
    columns: str | None,
    key: str | None = None,
    label_names: Sequence[str] | None = None,
) -> Source:
    """Returns a source for a `.npy` or `.npz` file, a table, a prepared folder, or a named data set.

    Args:
        data: see `Data.path`.
        shape: see `Data`.
        split: the split to read. None reads all splits.
        columns: see `Data`.
        key: see `Data`. None uses the places of the records.
        label_names: see `Data`.

    Raises:
        InvalidInputError: if the data cannot be read, or have no such split.
    """
    names = None if label_names is None else tuple(label_names)
    loading = Data(uuid4().hex, data, shape, columns, key, names)
    loaded = _loaded(loading)
    if split is not None and split not in loaded.parts:
        parts = ", ".join(filter(None, loaded.parts)) or "none"
        raise InvalidInputError(f"{data}: expected a split {split!r}; got {parts}.")
    if names == () and loaded.label_names:
        warn_of_labels(data, "the export", loaded.label_names, "if training had others, export the run again")
    units = [
        Rows(loading, part, first, min(ROWS_PER_UNIT, len(x) - first))
        for part, (x, _, _, _) in loaded.parts.items()
        if split in (None, part)
        for first in range(0, len(x), ROWS_PER_UNIT)
    ]
    inputs = {"x": loaded.column_names} if loaded.column_names else {}
    return Source(data, tuple(units), has_own_keys=key is not None, names=inputs)


class _Part(NamedTuple):
    """Examples, labels and keys, and row -> reason for the rows that cannot be used."""

    x: np.ndarray | LazyArray
    y: np.ndarray | None = None
    keys: list | None = None
    faults: Mapping[int, str] = {}


class _Loaded(NamedTuple):
    """Name of the part -> its rows; the columns of a table, and the names of the labels of a folder."""

    parts: Mapping[str, _Part]
    column_names: tuple[str, ...] = ()
    label_names: tuple[str, ...] = ()


def _examples(x: np.ndarray | LazyArray, first: int, rows: int) -> Iterator[np.ndarray]:
    """Yields consecutive examples; those of a lazy array are read a part at a time."""
    chosen = x[first : first + rows]
    for chunk in chosen.chunks() if isinstance(chosen, LazyArray) else [chosen]:
        yield from chunk


@lru_cache(maxsize=1)
def _loaded(data: Data) -> _Loaded:
    """Loads the data; a `.npy` file is one part without a name, mapped into memory."""
    path = data.path
    suffix = "" if Path(path).is_dir() else Path(path).suffix.lower()
    if suffix == ".npy":
        try:
            x = np.load(path, mmap_mode="r", allow_pickle=False)
        except Exception as error:  # a damaged header raises errors of many classes
            raise InvalidInputError(f"{path}: expected an array written by numpy.save; {one_line(error)}.") from error
        if not x.ndim:
            raise InvalidInputError(f"{path}: expected an array of shape (rows, ...); got a single number.")
        return _Loaded({"": _Part(x)})
    options = {} if data.columns is None else json.loads(data.columns)
    if suffix in TABLES and options:
        faults: dict[int, str] = {}
        table = read_as_in_training(path, key=data.key, faults=faults, **options)
        return _Loaded({"train": _Part(*table, faults)}, tuple(options["use_columns"]))
    if suffix == ".npz":
        data_set = read_arrays(path)
    elif suffix in TABLES:
        data_set = in_order(path, read_table(path), "the export")
    elif is_prepared(Path(path)) or is_hugging_face(path):
        _, data_set = read(path, **_options_of_folder(data, options))
        if data_set.column_names and not options:
            data_set = in_order(path, data_set, "the export")
    else:
        data_set = load(path, image_shape=data.shape)
    splits = {part: getattr(data_set, part) for part in PARTS}
    parts = {part: _Part(split.x, split.y) for part, split in splits.items() if split is not None}
    return _Loaded(parts, data_set.column_names, data_set.label_names if data.label_names is not None else ())


def _options_of_folder(data: Data, options: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the options with which training would read a folder of `prepare` or `save_to_disk`."""
    if is_hugging_face(data.path):
        return {"image_shape": data.shape, "use_columns": options.get("use_columns")}
    prepared = prepared_columns(Path(data.path))
    if prepared is None:
        return {"label_names": data.label_names or None}
    label_column = options.get("label_column")
    return {**options, "label_column": label_column if label_column == prepared[1] else None}

"""Parquet files: a column for each input of the model, a row group a unit."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from keras_vae.bulk.record import Place, Record, Rejected
from keras_vae.bulk.sources.source import ROWS, Source, Tables, make_record, with_key
from keras_vae.errors import InvalidInputError, one_line

BYTES = 2**24
"""How much of a row group to hold in memory at once."""


@dataclass(frozen=True)
class RowGroup:
    """One row group of a file; `columns` are input -> column."""

    path: str
    name: str
    group: int
    first: int
    rows: int
    read_at_once: int
    columns: Mapping[str, str]
    key: str | None

    def records(self) -> Iterator[Record | Rejected]:
        import pyarrow as pa

        row, last = self.first, self.first + self.rows - 1
        try:
            for fields in self._rows():
                yield make_record(Place(self.name, row), fields, self.key)
                row += 1
            reason = "they are not there" if row <= last else None
        except (pa.ArrowException, OSError, ValueError, MemoryError) as error:  # ValueError: text that is no UTF-8
            reason = one_line(error)
        if reason:
            told = f"{self.path}: rows {row} to {last} cannot be read: {reason}."
            yield Rejected(None, Place(self.name, row), "damaged file", told)

    def _rows(self) -> Iterator[dict[str, Any]]:
        import pyarrow.parquet as pq

        wanted = with_key(self.columns, self.key)
        with _open(self.path) as opened:
            file = pq.ParquetFile(opened, page_checksum_verification=True)
            columns = sorted(set(wanted.values()))
            for batch in file.iter_batches(self.read_at_once, row_groups=[self.group], columns=columns):
                read = {name: _values(batch.column(column)) for name, column in wanted.items()}
                for i in range(batch.num_rows):
                    yield {name: values[i] for name, values in read.items()}


@dataclass(frozen=True)
class DamagedFile:
    """A file of which nothing can be read."""

    name: str
    reason: str
    rows: int = 1

    def records(self) -> Iterator[Rejected]:
        yield Rejected(None, Place(self.name, 0), "damaged file", self.reason)


def parquet_source(tables: Tables) -> Source:
    """Parquet files as a source; raises `InvalidInputError` if none is a Parquet file, or one lacks a column."""
    units, of_files, damage = [], False, []
    for path, short in tables.files:
        try:
            metadata, columns = _metadata(path)
        except InvalidInputError as error:
            damage.append(error)
            units.append(DamagedFile(short, str(error)))
            continue
        of_files, found = _columns(path, columns, tables)
        first = 0
        for group in range(metadata.num_row_groups):
            rows = metadata.row_group(group).num_rows
            at_once = _rows_at_once(metadata.row_group(group))
            units.append(RowGroup(path, short, group, first, rows, at_once, found, tables.key))
            first += rows
    if len(damage) == len(tables.files):
        raise damage[0]
    return Source(tables.name, tuple(units), of_files=of_files, has_own_keys=tables.key is not None)


def _rows_at_once(group) -> int:
    """How many rows of a row group to hold in memory; its columns are not asked, for Arrow dies of damaged ones."""
    return max(1, min(ROWS, BYTES * group.num_rows // max(group.total_byte_size, 1)))


def _open(path):
    from pyarrow import fs

    system, name = fs.FileSystem.from_uri(path) if "://" in path else (fs.LocalFileSystem(), path)
    return system.open_input_file(name)


def _metadata(path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with _open(path) as file:
            metadata = pq.ParquetFile(file).metadata
            return metadata, metadata.schema.to_arrow_schema().names
    except (pa.ArrowException, OSError, ValueError) as error:
        raise InvalidInputError(f"{path}: expected a Parquet file; {error}.") from error


def _columns(path, columns, tables):
    found = {name: column for name, column in tables.inputs.items() if column in columns}
    missing = [column for column in with_key(tables.fields, tables.key).values() if column not in columns]
    if missing or not {"x", "image_bytes"} & set(found):
        raise InvalidInputError(
            f"{path}: expected a column {missing[0] if missing else 'x or image_bytes'!r}; got {', '.join(columns)}; "
            "name the columns with --field x=COLUMN and --key COLUMN."
        )
    return "x" not in found, found


def _values(column) -> np.ndarray:
    """A value for each row; None where there is none."""
    import pyarrow as pa

    if pa.types.is_floating(column.type) or pa.types.is_integer(column.type):
        return column.to_numpy(zero_copy_only=False) if not column.null_count else np.array(column.to_pylist(), object)
    if isinstance(column, pa.ExtensionArray):
        column = column.storage
    return column.to_numpy(zero_copy_only=False)

"""Parquet files as a source: a column for each input of the model; each row group is a unit."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from keras_vae.bulk.record import Place, Record, RejectedRecord
from keras_vae.bulk.sources.source import ROWS_PER_UNIT, Source, Tables, make_record, with_key
from keras_vae.errors import InvalidInputError, one_line

BYTES_IN_MEMORY = 2**24
"""The size of the part of a row group that is in memory at one time."""


@dataclass(frozen=True)
class RowGroup:
    """One row group of a file; `columns` maps each input of the model to a column."""

    path: str
    name: str
    group: int
    first: int
    rows: int
    read_at_once: int
    columns: Mapping[str, str]
    key: str | None

    def records(self) -> Iterator[Record | RejectedRecord]:
        import pyarrow as pa

        row, last = self.first, self.first + self.rows - 1
        try:
            for fields in self._rows():
                yield make_record(Place(self.name, row), fields, self.key)
                row += 1
            reason = "the row group has fewer rows than its metadata claim" if row <= last else None
        except (pa.ArrowException, OSError, ValueError, MemoryError) as error:  # ValueError: text that is not UTF-8
            reason = one_line(error)
        if reason:
            message = f"{self.path}: cannot read rows {row} to {last}: {reason}."
            yield RejectedRecord(None, Place(self.name, row), "damaged file", message)

    def _rows(self) -> Iterator[dict[str, Any]]:
        import pyarrow.parquet as pq

        field_names = with_key(self.columns, self.key)
        with _open(self.path) as stream:
            file = pq.ParquetFile(stream, page_checksum_verification=True)
            columns = sorted(set(field_names.values()))
            for batch in file.iter_batches(self.read_at_once, row_groups=[self.group], columns=columns):
                fields = {name: _values(batch.column(column)) for name, column in field_names.items()}
                for i in range(batch.num_rows):
                    yield {name: values[i] for name, values in fields.items()}


@dataclass(frozen=True)
class DamagedFile:
    """A file that cannot be read at all; it yields one rejected record."""

    name: str
    reason: str
    rows: int = 1

    def records(self) -> Iterator[RejectedRecord]:
        yield RejectedRecord(None, Place(self.name, 0), "damaged file", self.reason)


def parquet_source(tables: Tables) -> Source:
    """Returns a source of Parquet files.

    Raises:
        InvalidInputError: if none of the files is a Parquet file, or if a file lacks a column.
    """
    units, of_files, errors = [], False, []
    for path, file_name in tables.files:
        try:
            metadata, columns = _metadata(path)
        except InvalidInputError as error:
            errors.append(error)
            units.append(DamagedFile(file_name, str(error)))
            continue
        of_files, input_columns = _columns(path, columns, tables)
        first = 0
        for group in range(metadata.num_row_groups):
            rows = metadata.row_group(group).num_rows
            at_once = _rows_at_once(metadata.row_group(group))
            units.append(RowGroup(path, file_name, group, first, rows, at_once, input_columns, tables.key))
            first += rows
    if len(errors) == len(tables.files):
        raise errors[0]
    has_own_keys = tables.key is not None
    return Source(tables.name, tuple(units), of_files=of_files, has_own_keys=has_own_keys, names=tables.inputs)


def _rows_at_once(group) -> int:
    """Returns the number of rows to read at a time.

    It uses only the metadata of the row group, as damaged metadata of a column crash Arrow.
    """
    return max(1, min(ROWS_PER_UNIT, BYTES_IN_MEMORY * group.num_rows // max(group.total_byte_size, 1)))


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
    input_columns = {name: column for name, column in tables.inputs.items() if column in columns}
    missing = [column for column in with_key(tables.fields, tables.key).values() if column not in columns]
    if missing or not {"x", "image_bytes"} & set(input_columns):
        raise InvalidInputError(
            f"{path}: expected a column {missing[0] if missing else 'x or image_bytes'!r}; got {', '.join(columns)}; "
            "name the columns with --field x=COLUMN and --key COLUMN."
        )
    return "x" not in input_columns, input_columns


def _values(column) -> np.ndarray:
    """Returns a value for each row; None for a null."""
    import pyarrow as pa

    if pa.types.is_floating(column.type) or pa.types.is_integer(column.type):
        return column.to_numpy(zero_copy_only=False) if not column.null_count else np.array(column.to_pylist(), object)
    if isinstance(column, pa.ExtensionArray):
        column = column.storage
    return column.to_numpy(zero_copy_only=False)

"""Parquet files: a column for each input of the model, a row group a unit."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from keras_vae.bulk.record import Place, Record, Rejected
from keras_vae.bulk.sources.source import ROWS, Source, Tables, make_record, with_key
from keras_vae.errors import InvalidInputError


@dataclass(frozen=True)
class RowGroup:
    """One row group of a file; `columns` are input -> column."""

    path: str
    name: str
    group: int
    first: int
    rows: int
    columns: Mapping[str, str]
    key: str | None

    def records(self) -> Iterator[Record | Rejected]:
        import pyarrow.parquet as pq

        wanted = with_key(self.columns, self.key)
        row = self.first
        with _open(self.path) as opened:
            file = pq.ParquetFile(opened)
            for batch in file.iter_batches(ROWS, row_groups=[self.group], columns=sorted(set(wanted.values()))):
                read = {name: _values(batch.column(column)) for name, column in wanted.items()}
                for i in range(batch.num_rows):
                    yield make_record(
                        Place(self.name, row), {name: values[i] for name, values in read.items()}, self.key
                    )
                    row += 1


def parquet_source(tables: Tables) -> Source:
    """Parquet files as a source; raises `InvalidInputError` if one is no Parquet file, or lacks a column."""
    units, of_files = [], False
    for path, short in tables.files:
        metadata = _metadata(path)
        of_files, found = _columns(path, metadata.schema.to_arrow_schema().names, tables)
        first = 0
        for group in range(metadata.num_row_groups):
            rows = metadata.row_group(group).num_rows
            units.append(RowGroup(path, short, group, first, rows, found, tables.key))
            first += rows
    return Source(tables.name, tuple(units), of_files=of_files, has_own_keys=tables.key is not None)


def _open(path):
    from pyarrow import fs

    system, name = fs.FileSystem.from_uri(path) if "://" in path else (fs.LocalFileSystem(), path)
    return system.open_input_file(name)


def _metadata(path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with _open(path) as file:
            return pq.ParquetFile(file).metadata
    except (pa.ArrowException, OSError) as error:
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

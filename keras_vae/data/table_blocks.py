"""The files of a table, each read in blocks of a constant size."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from keras_vae.data.arrow_tables import check_names, csv_values, header_of, index_columns_of, table_errors
from keras_vae.data.columns import kind_of
from keras_vae.errors import InvalidInputError
from keras_vae.text import encoding_of, marked_encoding

BLOCK = 2**23
"""The number of bytes of a CSV file that are parsed at a time. A row must be shorter."""

MOST_ROWS = 2**16
"""The maximum number of rows of a Parquet file that are read at a time."""

TICK = 2**20
"""The number of bytes of a file between two reports of progress."""


class ParquetFile:
    """A Parquet file; `batches` reads it by row groups, and of each of them a part at a time."""

    def __init__(self, path: Path):
        self.path, self.size = path, path.stat().st_size
        with block_errors(path), self._open() as file:
            schema = file.schema_arrow
            self.names: list[str] = schema.names
            check_names(path, self.names)
            self.index_columns = index_columns_of(path, schema)
            self.kinds = {field.name: kind_of(field) for field in schema}
            self.rows: int | None = file.metadata.num_rows

    def batches(
        self, columns: Sequence[str], types: Mapping[str, int], start: int = 0
    ) -> Iterator[tuple[int, Any, int]]:
        """Yields the first row, the values and the position in bytes of each batch from near row `start` on.

        Args:
            columns: the columns to read.
            types: for CSV files.
            start: row groups before this row are not read.
        """
        with block_errors(self.path), self._open() as file:
            rows = [file.metadata.row_group(group).num_rows for group in range(file.num_row_groups)]
            ends = np.cumsum([0, *rows])
            skipped = int(np.searchsorted(ends[1:], start, side="right"))
            row = int(ends[skipped])
            for group in range(skipped, len(rows)):  # one at a time: Arrow would keep all that it has read
                for batch in file.iter_batches(MOST_ROWS, [group], list(columns)):
                    yield row, batch, self.size * row // max(self.rows or 0, 1)
                    row += batch.num_rows

    def _open(self) -> Any:
        from pyarrow import parquet

        # With a buffer, and not ahead, the columns of a large row group are not read as a whole.
        return parquet.ParquetFile(self.path, buffer_size=TICK, pre_buffer=False, page_checksum_verification=True)


class CsvFile:
    """A CSV file; `batches` parses a block at a time."""

    def __init__(self, path: Path):
        self.path, self.size, self.index_columns = path, path.stat().st_size, []
        with block_errors(path):
            self.encoding = marked_encoding(path)
            self.delimiter, self.names = header_of(path, self.encoding)
        check_names(path, self.names)
        self.rows: int | None = None

    def batches(
        self, columns: Sequence[str], types: Mapping[str, int], start: int = 0
    ) -> Iterator[tuple[int, Any, int]]:
        """Yields the first row, the values and the position in bytes of each batch that contains rows from `start` on.

        Args:
            columns: the columns to read.
            types: column -> its type, an index in `csv_types`, or -1 for text.
            start: the rows before are parsed, but not returned.
        """
        import pyarrow as pa
        from pyarrow import csv as arrow_csv

        arrow_types = {name: pa.string() if kind < 0 else csv_types()[kind] for name, kind in types.items()}
        row = 0
        with block_errors(self.path), pa.OSFile(str(self.path)) as file:
            reader = arrow_csv.open_csv(
                file,
                arrow_csv.ReadOptions(block_size=BLOCK, encoding=self.encoding),
                arrow_csv.ParseOptions(delimiter=self.delimiter, newlines_in_values=True),
                csv_values(arrow_types, list(columns)),
            )
            for batch in reader:
                if row + batch.num_rows > start:
                    yield row, batch, min(file.tell(), self.size)
                row += batch.num_rows


def csv_types() -> list[Any]:
    """Returns the types other than text that Arrow infers for the values of a CSV file, in its order."""
    import pyarrow as pa

    moments = [pa.timestamp(unit, zone) for zone in (None, "UTC") for unit in ("s", "ns")]
    return [pa.null(), pa.int64(), pa.bool_(), pa.float64(), pa.date32(), pa.time32("s"), *moments]


@contextlib.contextmanager
def block_errors(path: Path) -> Iterator[None]:
    """Converts the errors of a file as `table_errors`, but names the first byte that is not UTF-8."""
    with table_errors(path):
        try:
            yield
        except InvalidInputError:
            raise
        except Exception:
            if path.suffix.lower() != ".parquet":
                encoding_of(path)
            raise

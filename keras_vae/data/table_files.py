"""Tables that are read in parts of a constant size, so that they need not fit in memory."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from keras_vae.checks import MAX_CATEGORIES
from keras_vae.data.columns import (
    FALSE,
    TRUE,
    check_finite,
    first_text,
    is_number,
    is_text,
    kind_of,
    stack_columns,
    texts_in,
    to_column,
    to_labels,
)
from keras_vae.data.table import check_names, csv_values, header_of, index_columns_of, select_columns
from keras_vae.data.unusable_text import reads_as_number, remedy_for
from keras_vae.errors import InvalidInputError, one_line
from keras_vae.text import encoding_of, marked_encoding

BLOCK = 2**23
"""The number of bytes of a CSV file that are parsed at a time. A row must be shorter."""

MOST_ROWS = 2**16
MOST_LABELS = 2**20
"""The maximum number of different labels that are texts."""

TICK = 2**20
"""The number of bytes of a file between two reports of progress."""


class Chunk(NamedTuple):
    """Consecutive rows of a table.

    Attributes:
        x: examples, float32 `(n, D)`.
        y: labels, int64 `(n,)`, or None.
        ticks: number of `TICK`s since the previous chunk, for the progress.
    """

    x: np.ndarray
    y: np.ndarray | None
    ticks: int


class TableFiles:
    r"""One or more tables with the same columns, as one table that is read in parts of a constant size.

    The columns, the indices of texts, the labels, the missing values and the errors are those of `read_table` for the
    rows of all files in their order. Call `scan` once before `chunks`.

    Args:
        files: paths of `.csv`, `.tsv` or `.parquet` files.
        label_column: see `read_table`.
        use_columns: see `read_table`.
        categories: see `read_table`.

    Raises:
        InvalidInputError: if a file is no table with a header, or lacks a column of the first one.

    Example:

    >>> _ = Path("a.csv").write_text("size,town\n1,Ulm\n"), Path("b.csv").write_text("size,town\n2,Bonn\n")
    >>> files = TableFiles([Path("a.csv"), Path("b.csv")])
    >>> for _ in files.scan():
    ...     pass
    >>> files.texts["town"], [chunk.x.tolist() for n in (0, 1) for chunk in files.chunks(n)]
    (('Bonn', 'Ulm'), [[[1.0, 1.0]], [[2.0, 0.0]]])
    """

    def __init__(
        self,
        files: Sequence[Path],
        *,
        label_column: str | None = None,
        use_columns: Sequence[str] | None = None,
        categories: Mapping[str, Sequence[str]] | None = None,
    ):
        self.tables = [_ParquetFile(path) if path.suffix.lower() == ".parquet" else _CsvFile(path) for path in files]
        first = self.tables[0]
        self.label_column = label_column
        self.names, self.left_out = select_columns(
            first.path, first.names, first.index_columns,
            sum(1 if table.rows is None else table.rows for table in self.tables), label_column, use_columns,
            as_in_training=categories is not None,
        )  # fmt: skip
        self.columns = [*self.names, *([] if label_column is None else [label_column])]
        for table in self.tables[1:]:
            if missing := [name for name in self.columns if name not in table.names]:
                raise InvalidInputError(
                    f"{table.path}: expected the columns of {first.path}, got none named {missing[0]!r}; leave the "
                    "file out, or leave the column out with ignore_columns."
                )
        self.training_texts = None if categories is None else {name: tuple(texts) for name, texts in categories.items()}
        self.texts: dict[str, tuple[str, ...]] = {}
        self.types: dict[str, int] = {}
        self.rounded: set[str] = set()
        """The columns with integers that float32 rounds, in the chunks so far."""

    @property
    def ticks(self) -> int:
        """The number of steps of the progress of reading all files once."""
        return sum(table.size // TICK for table in self.tables)

    @property
    def rows(self) -> list[int | None]:
        """The number of rows of each file; None for a CSV file before `scan`."""
        return [table.rows for table in self.tables]

    @property
    def texts_of_examples(self) -> dict[str, tuple[str, ...]]:
        """Column of the examples -> its texts; empty for a numeric column."""
        return {name: self.texts[name] for name in self.names}

    @property
    def found(self) -> dict[str, Any]:
        """What `scan` has found, in JSON; set it instead of a second scan."""
        return {"texts": self.texts, "types": self.types, "rows": self.rows}

    @found.setter
    def found(self, found: Mapping[str, Any]) -> None:
        self.texts = {name: tuple(texts) for name, texts in found["texts"].items()}
        self.types = dict(found["types"])
        for table, rows in zip(self.tables, found["rows"], strict=True):
            table.rows = rows

    def scan(self) -> Iterator[None]:
        """Reads the texts of all columns, and yields once for each tick. It finds the types of a CSV file and its rows.

        Raises:
            InvalidInputError: if a file cannot be read, or if a column has too many different texts.
        """
        known = self.training_texts
        found = {
            name: _Found(MOST_LABELS if name == self.label_column else MAX_CATEGORIES, known is None)
            for name in self.columns
        }
        chosen = {name: (known or {}).get(name, ()) for name in self.columns}
        parquet_files = [table for table in self.tables if isinstance(table, _ParquetFile)]
        text_in = {name: table.path for table in parquet_files for name in self.columns if is_text(table.kinds[name])}
        for table in self.tables:
            if isinstance(table, _ParquetFile):
                columns = [] if known is not None else self._text_columns(table, text_in)
                types = {}
            else:
                columns, types = self.columns, dict.fromkeys(self.columns, -1)
            done = count = 0
            for first, batch, position in table.batches(columns, types) if columns else ():
                count = first + batch.num_rows
                for name in columns:
                    with _text_errors(table.path):
                        where = f"{table.path}, column {name!r}"
                        found[name].add(batch.column(name), where, first, is_csv=isinstance(table, _CsvFile))
                yield from (None for _ in range(position // TICK - done))
                done = position // TICK
            yield from (None for _ in range(table.size // TICK - done))
            table.rows = count if table.rows is None else table.rows
        if not sum(rows or 0 for rows in self.rows):
            raise InvalidInputError(f"{self.tables[0].path}: expected one or more rows, got none; check the table.")
        self.texts = {name: chosen[name] or found[name].sorted_texts for name in self.columns}
        self.types = {name: -1 if chosen[name] else found[name].kind for name in self.columns}

    def chunks(self, number: int, start: int = 0) -> Iterator[Chunk]:
        """Reads the file with an index, from row `start` on.

        Raises:
            InvalidInputError: if the file cannot be read, or for a value that cannot be used; the message names the
                file, the row and the column.
        """
        table, done = self.tables[number], 0
        for first, batch, position in table.batches(self.columns, self.types, start):
            skipped = min(max(start - first, 0), batch.num_rows)
            if skipped < batch.num_rows:
                x, y = self._convert(table.path, batch.slice(skipped), first + skipped)
                yield Chunk(x, y, position // TICK - done)
                done = position // TICK

    def _convert(self, path: Path, batch: Any, first: int) -> tuple[np.ndarray, np.ndarray | None]:
        columns = []
        with _text_errors(path):
            for name in self.names:
                where = f"{path}, column {name!r}"
                columns.append(to_column(batch.column(name), where, self.texts[name], first=first))
                check_finite(columns[-1].values, where, first)
                self.rounded |= {name} if columns[-1].rounded else set()
            x = stack_columns(columns)
            if self.label_column is None:
                return x, None
            where = f"{path}, column {self.label_column!r}"
            texts = self.texts[self.label_column]
            return x, to_labels(batch.column(self.label_column), where, texts, first=first).values

    def _text_columns(self, table: "_ParquetFile", texts: Mapping[str, Path]) -> list[str]:
        """Returns the columns of text of a file; `texts` maps each of them to a file in which it is text."""
        import pyarrow as pa

        chosen = []
        for name in self.columns:
            kind, where = table.kinds[name], f"{table.path}, column {name!r}"
            if is_text(kind):
                chosen.append(name)
            elif pa.types.is_null(kind):
                pass
            elif name in texts:
                raise InvalidInputError(
                    f"{where}: expected text, as in {texts[name]}, got {kind}; convert it, or leave the column out "
                    "with ignore_columns."
                )
            elif not (is_number(kind) or pa.types.is_boolean(kind)):
                to_column(pa.array([], kind), where, None)  # raises the error
        return chosen


class _Found:
    """What a scan has found in a column: the different texts, and for a CSV file the types that fit all values.

    Args:
        most: maximum number of different texts.
        limited: whether more texts are an error.
    """

    def __init__(self, most: int, limited: bool):
        self.most, self.limited = most, limited
        self.texts: set[str] = set()
        self.types: list[int] | None = None
        self.text: tuple[int, str] | None = None  # the row and the value of the first text that is no number

    def add(self, column: Any, where: str, first: int, *, is_csv: bool) -> None:
        """Adds the values from row `first` on."""
        if is_csv:
            before = range(len(_csv_types())) if self.types is None else self.types
            self.types = [kind for kind in before if _converts(column, kind)]
        else:
            self.types = []
        if len(self.texts) <= self.most:
            self.texts |= texts_in(column)
        saturated = len(self.texts) > self.most
        if self.text is None and NUMBER not in self.types and (saturated or not all(map(reads_as_number, self.texts))):
            values = column.to_pylist()
            if any(value is not None for value in values):
                row, text = first_text(values)
                self.text = first + row, text
        if not self.types and self.limited and saturated and self.text is not None:
            row, text = self.text
            raise InvalidInputError(
                f"{where}: expected numbers or at most {self.most} different texts, got more than {self.most} "
                f"different texts, such as {text[:40]!r} in row {row}; {remedy_for(self.texts)}."
            )

    @property
    def kind(self) -> int:
        """The first type that fits all values of a CSV file; -1 for text."""
        return self.types[0] if self.types else -1

    @property
    def sorted_texts(self) -> tuple[str, ...]:
        return tuple(sorted(self.texts)) if not self.types and self.limited else ()


class _ParquetFile:
    """A Parquet file; `batches` reads it by row groups, and of each of them a part at a time."""

    def __init__(self, path: Path):
        self.path, self.size = path, path.stat().st_size
        with _table_errors(path), self._open() as file:
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
        with _table_errors(self.path), self._open() as file:
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


class _CsvFile:
    """A CSV file; `batches` parses a block at a time."""

    def __init__(self, path: Path):
        self.path, self.size, self.index_columns = path, path.stat().st_size, []
        with _table_errors(path):
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
            types: column -> its type, an index in `_csv_types`, or -1 for text.
            start: the rows before are parsed, but not returned.
        """
        import pyarrow as pa
        from pyarrow import csv as arrow_csv

        arrow_types = {name: pa.string() if kind < 0 else _csv_types()[kind] for name, kind in types.items()}
        row = 0
        with _table_errors(self.path), pa.OSFile(str(self.path)) as file:
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


def _csv_types() -> list[Any]:
    """Returns the types other than text that Arrow infers for the values of a CSV file, in its order."""
    import pyarrow as pa

    moments = [pa.timestamp(unit, zone) for zone in (None, "UTC") for unit in ("s", "ns")]
    return [pa.null(), pa.int64(), pa.bool_(), pa.float64(), pa.date32(), pa.time32("s"), *moments]


FEW = 16
"""Number of values that are converted first."""

NUMBER = 3
"""The index of float64 in `_csv_types`."""


def _converts(column: Any, kind: int) -> bool:
    """Returns whether all texts of a column can be converted to a type as in a CSV file."""
    import pyarrow as pa
    from pyarrow import compute as pc

    target = _csv_types()[kind]
    if pa.types.is_null(target):
        return column.null_count == len(column)
    if pa.types.is_boolean(target):
        return bool(pc.all(pc.is_in(column.drop_null(), pa.array([*TRUE, *FALSE]))).as_py() is not False)
    values = pc.utf8_trim(column, " \t")
    try:
        values[:FEW].cast(target)  # Arrow is slow if many values fail
        values.cast(target)
    except pa.ArrowException:
        return False
    return True


@contextlib.contextmanager
def _table_errors(path: Path) -> Iterator[None]:
    """Converts the errors of a file that cannot be read to one line."""
    import csv

    import pyarrow as pa

    try:
        yield
    except InvalidInputError:
        raise
    except (pa.ArrowException, OSError, UnicodeDecodeError, csv.Error) as error:
        if path.suffix.lower() != ".parquet":
            encoding_of(path)  # names the first byte that is not UTF-8
        raise InvalidInputError(f"{path}: expected a table with a header, got: {one_line(error)}.") from error


@contextlib.contextmanager
def _text_errors(path: Path) -> Iterator[None]:
    """Converts the error of a text that is not UTF-8 to one line."""
    try:
        yield
    except UnicodeDecodeError as error:
        raise InvalidInputError(f"{path}: expected text in UTF-8, got: {error}; convert the file.") from error

"""Tables that are read in parts of a constant size, so that they need not fit in memory."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from keras_vae.checks import MAX_CATEGORIES
from keras_vae.data.arrow_tables import text_errors
from keras_vae.data.column_scan import ColumnScan
from keras_vae.data.columns import check_finite, is_number, is_text, stack_columns, to_column, to_labels
from keras_vae.data.table import select_columns
from keras_vae.data.table_blocks import TICK, CsvFile, ParquetFile
from keras_vae.errors import InvalidInputError

MOST_LABELS = 2**20
"""The maximum number of different labels that are texts."""


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
        self.tables = [ParquetFile(path) if path.suffix.lower() == ".parquet" else CsvFile(path) for path in files]
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
            name: ColumnScan(MOST_LABELS if name == self.label_column else MAX_CATEGORIES, known is None)
            for name in self.columns
        }
        chosen = {name: (known or {}).get(name, ()) for name in self.columns}
        parquet_files = [table for table in self.tables if isinstance(table, ParquetFile)]
        text_in = {name: table.path for table in parquet_files for name in self.columns if is_text(table.kinds[name])}
        for table in self.tables:
            if isinstance(table, ParquetFile):
                columns = [] if known is not None else self._text_columns(table, text_in)
                types = {}
            else:
                columns, types = self.columns, dict.fromkeys(self.columns, -1)
            done = count = 0
            for first, batch, position in table.batches(columns, types) if columns else ():
                count = first + batch.num_rows
                for name in columns:
                    with text_errors(table.path):
                        where = f"{table.path}, column {name!r}"
                        found[name].add(batch.column(name), where, first, is_csv=isinstance(table, CsvFile))
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
        with text_errors(path):
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

    def _text_columns(self, table: "ParquetFile", texts: Mapping[str, Path]) -> list[str]:
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

"""Reads .csv, .tsv and .parquet files as Arrow tables: delimiter, header, types."""

import contextlib
import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from keras_vae.data.columns import Faults
from keras_vae.data.unusable_text import reads_as_number
from keras_vae.errors import InvalidInputError, one_line
from keras_vae.text import encoding_of

SUFFIXES = (".csv", ".tsv", ".parquet")
DELIMITERS = ",;\t|"
MAX_HEADER = 2**24
"""The number of characters of a CSV file in which its header must end."""


def column_names(path: str | Path) -> list[str]:
    """Reads the column names of a table, but not its rows.

    Raises:
        InvalidInputError: if the file is not a table with a header.
    """
    from pyarrow import parquet

    path = Path(path)
    with table_errors(path):
        if path.suffix.lower() == ".parquet":
            return list(parquet.read_schema(path).names)
        return header_of(path, encoding_of(path))[1]


def arrow_table(path: Path, texts: Iterable[str], broken: Faults | None = None) -> Any:
    """Reads an Arrow table.

    Args:
        path: the file.
        texts: the columns that are text, even if all their values are numbers.
        broken: collects row -> reason, for rows with more or fewer fields than the header. None raises an error.
    """
    import pyarrow as pa
    from pyarrow import csv as arrow_csv
    from pyarrow import parquet

    with table_errors(path):
        if path.suffix.lower() == ".parquet":
            table = parquet.read_table(path, page_checksum_verification=True)
            check_names(path, table.column_names)
            return table
        encoding = encoding_of(path)
        delimiter, header = header_of(path, encoding)
        check_names(path, header)
        block_size = min(max(path.stat().st_size + 1, 2**20), 2**31 - 1)
        read_options = arrow_csv.ReadOptions(block_size=block_size, encoding=encoding, use_threads=broken is None)
        parse_options = arrow_csv.ParseOptions(delimiter=delimiter, newlines_in_values=True)
        if broken is not None:
            parse_options.invalid_row_handler = partial(_skip, broken)
        return arrow_csv.read_csv(path, read_options, parse_options, csv_values(dict.fromkeys(texts, pa.string())))


@contextlib.contextmanager
def table_errors(path: Path) -> Iterator[None]:
    """Converts the errors of a file that cannot be read to one line."""
    import pyarrow as pa

    try:
        yield
    except (pa.ArrowException, OSError, UnicodeDecodeError, csv.Error) as error:
        raise InvalidInputError(f"{path}: expected a table with a header, got: {one_line(error)}.") from error


@contextlib.contextmanager
def text_errors(path: Path) -> Iterator[None]:
    """Converts the error of a text that is not UTF-8 to one line."""
    try:
        yield
    except UnicodeDecodeError as error:
        raise InvalidInputError(f"{path}: expected text in UTF-8, got: {error}; convert the file.") from error


def csv_values(types: Mapping[str, Any], columns: Sequence[str] = ()) -> Any:
    """Returns the options with which Arrow converts the values of a CSV file.

    Args:
        types: column -> its Arrow type, if it is not inferred.
        columns: the columns to read. None reads all.
    """
    from pyarrow import csv as arrow_csv

    return arrow_csv.ConvertOptions(strings_can_be_null=True, column_types=types, include_columns=columns or None)


def _skip(broken: Faults, row: Any) -> str:
    """Adds a row with a wrong number of fields to the faults; Arrow counts the rows from 1, the header first."""
    broken[row.number - 2] = f"Expected {row.expected_columns} fields, got {row.actual_columns}; correct the row."
    return "skip"


def header_of(path: Path, encoding: str) -> tuple[str, list[str]]:
    """Returns the delimiter that splits the first row into the most fields, and these fields."""
    with path.open(encoding=encoding, newline="") as file:
        start = file.read(MAX_HEADER)
    fields = {}
    for delimiter in DELIMITERS:
        with contextlib.suppress(csv.Error):  # a field of more than 128 KiB, as a wide header has without its delimiter
            fields[delimiter] = next(csv.reader(io.StringIO(start, newline=""), delimiter=delimiter), [])
    if not fields:
        raise csv.Error("the first line has no delimiter within 128 KiB")
    return max(fields.items(), key=lambda item: len(item[1]))


def check_names(path: Path, names: Sequence[str]) -> None:
    """Raises `InvalidInputError` if the column names are numbers, so that a first line of names is missing."""
    if names and all(reads_as_number(name) for name in names):
        raise InvalidInputError(
            f"{path}: expected column names in the first line, got numbers, {', '.join(names[:5])}; add a header."
        )


def index_columns_of(path: Path, schema: Any) -> list[str]:
    """Returns the columns that contain the row index of the pandas table from which a file was written."""
    try:
        metadata = schema.pandas_metadata or {}
    except ValueError as error:
        raise InvalidInputError(f"{path}: expected pandas metadata in JSON, got: {error}; write it again.") from error
    return [name for name in metadata.get("index_columns", ()) if name in schema.names]  # a range has no column

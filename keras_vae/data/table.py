"""Reads tables from .csv, .tsv and .parquet files."""

import contextlib
import csv
import io
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from keras_vae.checks import MAX_CATEGORIES
from keras_vae.data.parts import Parts
from keras_vae.data.split_dataset import Split
from keras_vae.data.validate import validate_labels
from keras_vae.errors import InvalidInputError, one_line, unknown
from keras_vae.text import encoding_of

SUFFIXES = (".csv", ".tsv", ".parquet")
DELIMITERS = ",;\t|"
MAX_HEADER = 2**24


class Column(NamedTuple):
    """A column of a table.

    Attributes:
        values: float64 `(N,)`, NaN for a missing value.
        texts: the texts with the indices 0, 1, ...; empty for a numeric column.
    """

    values: np.ndarray
    texts: tuple[str, ...] = ()


def read_table(
    path: str | Path,
    *,
    label_column: str | None = None,
    use_columns: Sequence[str] | None = None,
    categories: Mapping[str, Sequence[str]] | None = None,
) -> Parts:
    r"""Reads a table with named columns: a CSV file with a header, or a Parquet file.

    Numbers become float32; true and false become 1 and 0. A text column becomes categorical: each text becomes its
    index in the sorted order of the texts, of which there may be at most 20. Missing values (empty, NA, NaN, null)
    become NaN.

    Args:
        path: a `.csv` or `.tsv` file with commas, semicolons, tabs or bars as delimiters, or a `.parquet` file.
        label_column: the column with the labels, whole numbers or texts. It is not part of the examples.
        use_columns: the columns of the examples, in this order. None uses all columns except the labels and, with a
            note, the row index that pandas wrote into a Parquet file.
        categories: column -> texts in the order of their indices, for a table with the categories of another table.
            New texts raise an error, and all other columns must be numeric. None derives the categories from this
            table.

    Returns:
        Examples `(N, D)`, with `column_names` and, for text columns, `categories`.

    Raises:
        InvalidInputError: if the file is not a table with a header, if a column is missing, if a column is neither
            numeric nor text with at most 20 categories, or if a label is missing.

    Example:

    >>> _ = Path("t.csv").write_text("age,smoker,town\n31,true,Ulm\n,false,Bonn\n")
    >>> parts = read_table("t.csv")
    >>> parts.column_names, parts.train.x.tolist()
    (('age', 'smoker', 'town'), [[31.0, 1.0, 1.0], [nan, 0.0, 0.0]])
    """
    names, columns, labels, left_out = _read_columns(Path(path), label_column, use_columns, categories)
    for name, column in zip(names, columns, strict=True):
        _check_finite(column.values, f"{path}, column {name!r}")
    texts_of_columns = {name: column.texts for name, column in zip(names, columns, strict=True) if column.texts}
    x = _stack_columns(columns)
    missing = int(np.isnan(x).sum())
    notes = [f"Column {name} has categories: {', '.join(texts)}." for name, texts in texts_of_columns.items()]
    notes += [f"Left out {name}, the row index of pandas; to use it, name it in use_columns." for name in left_out]
    notes += [f"{missing} values are missing (NaN)."] if missing else []
    return Parts(
        Split(x, None if labels is None else labels.values.astype(np.int64)),
        label_names=() if labels is None else labels.texts,
        notes=tuple(notes),
        column_names=tuple(names),
        categories=tuple(texts_of_columns.get(name, ()) for name in names),
    )


def read_as_in_training(
    path: str | Path,
    *,
    use_columns: Sequence[str],
    label_column: str | None = None,
    categories: Mapping[str, Sequence[str]] | None = None,
    key: str | None = None,
) -> tuple[np.ndarray, np.ndarray | None, list | None]:
    """Reads a table like the training data: the same columns in the same order, and the same indices of texts.

    Args:
        path: see `read_table`.
        use_columns: see `read_table`.
        label_column: see `read_table`. None reads no labels. The table may lack this column.
        categories: column -> texts in the training data, for the text columns. All other columns must be numeric.
        key: a column with the keys of the rows.

    Returns:
        Examples, float32 `(N, D)`, which may contain infinity; labels `(N,)` or None; keys or None.

    Raises:
        InvalidInputError: see `read_table`; also if a numeric column of the training data contains text.
    """
    path = Path(path)
    if label_column not in column_names(path):
        label_column = None
    _, columns, labels, _ = _read_columns(path, label_column, use_columns, categories or {})
    keys = None if key is None else _texts_or_numbers(path, key)
    return _stack_columns(columns), None if labels is None else labels.values.astype(np.int64), keys


def column_names(path: str | Path) -> list[str]:
    """Reads the column names of a table, but not its rows.

    Raises:
        InvalidInputError: if the file is not a table with a header.
    """
    import pyarrow as pa
    from pyarrow import parquet

    path = Path(path)
    try:
        if path.suffix.lower() == ".parquet":
            return list(parquet.read_schema(path).names)
        return _header(path, encoding_of(path))[1]
    except (pa.ArrowException, OSError, UnicodeDecodeError, csv.Error) as error:
        raise InvalidInputError(f"{path}: expected a table with a header, got: {one_line(error)}.") from error


def _read_columns(
    path: Path,
    label_column: str | None,
    use_columns: Sequence[str] | None,
    categories: Mapping[str, Sequence[str]] | None,
) -> tuple[list[str], list[Column], Column | None, list[str]]:
    """Returns the names and values of the columns of the examples, the labels, and the names of index columns."""
    training_texts = {name: tuple(texts) for name, texts in (categories or {}).items()}
    table = _read(path, training_texts)
    names = table.column_names
    repeated = [name for name, count in Counter(names).items() if count > 1]
    if repeated or not all(names):
        got = f"{repeated[0]!r} twice" if repeated else f"none for column {names.index('') + 1}"
        raise InvalidInputError(f"{path}: expected a different name for each column, got {got}; rename it.")
    for name in [*(use_columns or ()), *([label_column] if label_column is not None else [])]:
        if name not in names:
            raise InvalidInputError(f"{path}: {unknown(name, names, part='column')}")
    left_out = [] if use_columns is not None else [name for name in _index_columns(path, table) if name != label_column]
    rest = [name for name in names if name not in (label_column, *left_out)]
    selected_names = list(use_columns) if use_columns is not None else rest
    if (
        not selected_names
        or not table.num_rows
        or len(set(selected_names)) < len(selected_names)
        or label_column in selected_names
    ):
        raise InvalidInputError(
            f"{path}: expected one or more rows, and distinct columns other than the labels, got {table.num_rows} "
            f"rows and the columns {selected_names}; correct the table or use_columns."
        )

    def texts_of(name):
        return training_texts.get(name, None if categories is None else ())

    try:
        columns = [_column(table[name], f"{path}, column {name!r}", texts_of(name)) for name in selected_names]
        if label_column is None:
            return selected_names, columns, None, left_out
        labels = _labels(table[label_column], f"{path}, column {label_column!r}", texts_of(label_column))
        return selected_names, columns, labels, left_out
    except UnicodeDecodeError as error:
        raise InvalidInputError(f"{path}: expected text in UTF-8, got: {error}; convert the file.") from error


def _index_columns(path: Path, table: Any) -> list[str]:
    """Returns the columns that contain the row index of the pandas table from which a file was written."""
    try:
        metadata = table.schema.pandas_metadata or {}
    except ValueError as error:
        raise InvalidInputError(f"{path}: expected pandas metadata in JSON, got: {error}; write it again.") from error
    return [name for name in metadata.get("index_columns", ()) if name in table.column_names]  # a range has no column


def _stack_columns(columns: Sequence[Column]) -> np.ndarray:
    with np.errstate(over="ignore"):
        return np.stack([column.values for column in columns], axis=1).astype(np.float32)


def _check_finite(values: np.ndarray, where: str) -> None:
    invalid = np.abs(values) > np.finfo(np.float32).max
    if invalid.any():
        raise InvalidInputError(
            f"{where}: expected finite float32 numbers, got {values[invalid][0]:g} in row {invalid.argmax()}; correct "
            "or remove it."
        )


def _texts_or_numbers(path: Path, name: str) -> list:
    """Returns the values of one column; text for a CSV file, as 007 differs from 7."""
    table = _read(path, [name])
    if name not in table.column_names:
        raise InvalidInputError(f"{path}: {unknown(name, table.column_names, part='column')}")
    return table[name].to_pylist()


def _read(path: Path, texts: Iterable[str]) -> Any:
    """Reads an Arrow table; the columns in `texts` are text, even if all their values are numbers."""
    import pyarrow as pa
    from pyarrow import csv as arrow_csv
    from pyarrow import parquet

    try:
        if path.suffix.lower() == ".parquet":
            table = parquet.read_table(path, page_checksum_verification=True)
            _check_names(path, table.column_names)
            return table
        encoding = encoding_of(path)
        delimiter, header = _header(path, encoding)
        _check_names(path, header)
        block_size = min(max(path.stat().st_size + 1, 2**20), 2**31 - 1)
        read_options = arrow_csv.ReadOptions(block_size=block_size, encoding=encoding)
        parse_options = arrow_csv.ParseOptions(delimiter=delimiter, newlines_in_values=True)
        convert_options = arrow_csv.ConvertOptions(
            strings_can_be_null=True, column_types=dict.fromkeys(texts, pa.string())
        )
        return arrow_csv.read_csv(path, read_options, parse_options, convert_options)
    except (pa.ArrowException, OSError, UnicodeDecodeError, csv.Error) as error:
        raise InvalidInputError(f"{path}: expected a table with a header, got: {one_line(error)}.") from error


def _header(path: Path, encoding: str) -> tuple[str, list[str]]:
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


def _check_names(path: Path, names: Sequence[str]) -> None:
    if names and all(_is_number(name) for name in names):
        raise InvalidInputError(
            f"{path}: expected column names in the first line, got numbers, {', '.join(names[:5])}; add a header."
        )


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return text.isascii() and "_" not in text  # which only Python reads as numbers


def _column(column: Any, where: str, training_texts: tuple[str, ...] | None) -> Column:
    """Converts a column to numbers, or its texts to indices.

    `training_texts` are the texts of the column in the training data: an empty tuple for a numeric column, and None
    if there are no training data to match.
    """
    import pyarrow as pa

    kind, values = _kind(column), column.to_pylist()
    is_number = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    if training_texts or (_is_text(kind) and training_texts is None):
        texts = training_texts or tuple(sorted({value for value in values if not _is_missing(value)}))
        if len(texts) <= MAX_CATEGORIES:
            return Column(_codes(values, texts, where), texts)
        row, text = _first_text(values)
        got = f"{len(texts)} different texts, such as {text[:40]!r} in row {row}"
    elif is_number or pa.types.is_boolean(kind) or pa.types.is_null(kind):
        return Column(np.array([np.nan if value is None else value for value in values], np.float64))
    elif _is_text(kind):
        _check_no_text(values, where)
        return Column(np.full(len(values), np.nan))
    else:
        got = str(kind)
    remedy = "convert it or leave it out with use_columns"
    if training_texts is not None:
        remedy = "convert it to the type of the column in the training data"
    raise InvalidInputError(
        f"{where}: expected numbers or at most {MAX_CATEGORIES} different texts, got {got}; {remedy}."
    )


def _labels(column: Any, where: str, training_texts: tuple[str, ...] | None) -> Column:
    """Converts a column to labels, with their names if they are texts; `training_texts` as for `_column`."""
    values = column.to_pylist()
    row = next((row for row, value in enumerate(values) if _is_missing(value)), None)
    if row is not None:
        raise InvalidInputError(f"{where}: expected a label in each row, got none in row {row}; remove the row.")
    if training_texts or (_is_text(_kind(column)) and training_texts is None):
        names = training_texts or tuple(sorted(set(values)))
        return Column(_codes(values, names, where), names)
    if _is_text(_kind(column)):
        _check_no_text(values, where)
    return Column(validate_labels(np.array(values), len(values), where))


def _check_no_text(values: Sequence[str | None], where: str) -> None:
    """Refuses text in a numeric column; a column without any values is accepted."""
    if not all(map(_is_missing, values)):
        row, text = _first_text(values)
        raise InvalidInputError(
            f"{where}: expected numbers, as in training, got the text {text[:40]!r} in row {row}; replace it by a "
            "number."
        )


def _first_text(values: Sequence[str | None]) -> tuple[int, str]:
    """Returns the row and value of the first text that is not a number, or of the first text if all are numbers."""
    texts = [(row, text) for row, text in enumerate(values) if text is not None and not _is_missing(text)]
    return next(((row, text) for row, text in texts if not _is_number(text)), texts[0])


def _codes(values: Sequence[Any], texts: tuple[str, ...], where: str) -> np.ndarray:
    """Returns the index of each value among the texts, float64; NaN for None."""
    codes = {None: np.nan, **{text: code for code, text in enumerate(texts)}}
    values = [_as_text(value) for value in values]
    row = next((row for row, value in enumerate(values) if value not in codes), None)
    if row is not None:
        raise InvalidInputError(
            f"{where}: expected one of {', '.join(texts)}, as in training, got {values[row][:40]!r} in row {row}; "
            "replace it."
        )
    return np.array([codes[value] for value in values], np.float64)


def _as_text(value: Any) -> str | None:
    """Returns a value as text in CSV style. Whole floats have no point, as missing values turn integers into floats."""
    if _is_missing(value) or isinstance(value, str):
        return None if _is_missing(value) else value
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _is_missing(value: Any) -> bool:
    return value is None or value != value  # NaN is a missing value in a numeric Parquet column


def _kind(column: Any) -> Any:
    import pyarrow as pa

    return column.type.value_type if pa.types.is_dictionary(column.type) else column.type


def _is_text(kind: Any) -> bool:
    import pyarrow as pa

    return pa.types.is_string(kind) or pa.types.is_large_string(kind)

"""Tables in .csv, .tsv and .parquet files."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from keras_vae.checks import MAX_CATEGORIES
from keras_vae.data.dataset import Split
from keras_vae.data.parts import Parts
from keras_vae.data.validate import validate_labels
from keras_vae.errors import InvalidInputError, unknown

SUFFIXES = (".csv", ".tsv", ".parquet")
DELIMITERS = ",;\t|"


class Column(NamedTuple):
    """Values of a column.

    Attributes:
        values: float64 `(N,)`, NaN where a value is missing.
        texts: the texts that the values 0, 1, ... stand for; empty for a column of numbers.
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
    r"""Reads a table whose columns have names: CSV with a header, or Parquet.

    Numbers stay as they are, in float32; true and false become 1 and 0. A column of texts becomes categories, the
    numbers 0, 1, ... in sorted order of its texts, of which there may be 20. Missing values (empty, NA, NaN, null)
    become NaN.

    Args:
        path: a `.csv` or `.tsv` file, its fields divided by commas, semicolons, tabs or bars as in its header, or a
            `.parquet` file.
        label_column: the column with labels, whole numbers or texts; it is no part of the examples.
        use_columns: the columns that make the examples, in this order; None for all but the labels.
        categories: column -> its texts, in the order of their numbers, for columns whose order is known from another
            table; other texts are refused.

    Returns:
        Examples `(N, D)`, with `column_names` and, for columns of texts, `categories`.

    Raises:
        InvalidInputError: if the file is no such table, a column is missing or neither numbers nor few texts, or a
            label is missing.

    Example:

    >>> _ = Path("t.csv").write_text("age,smoker,town\n31,true,Ulm\n,false,Bonn\n")
    >>> parts = read_table("t.csv")
    >>> parts.column_names, parts.train.x.tolist()
    (('age', 'smoker', 'town'), [[31.0, 1.0, 1.0], [nan, 0.0, 0.0]])
    """
    path = Path(path)
    known = {name: tuple(texts) for name, texts in (categories or {}).items()}
    table = _read(path, known)
    names = table.column_names
    repeated = next((name for name in names if names.count(name) > 1), None)
    if repeated is not None or not all(names):
        raise InvalidInputError(f"{path}: expected a different name for each column, got {names}; rename them.")
    for name in [*(use_columns or ()), *([label_column] if label_column is not None else [])]:
        if name not in names:
            raise InvalidInputError(f"{path}: {unknown(name, names, part='column')}")
    chosen = list(use_columns) if use_columns is not None else [name for name in names if name != label_column]
    if not chosen or not table.num_rows or len(set(chosen)) < len(chosen) or label_column in chosen:
        raise InvalidInputError(
            f"{path}: expected one row or more, and different columns beside that of the labels, got {table.num_rows} "
            f"rows and the columns {chosen}; give others."
        )
    labels, label_names = None, ()
    try:
        columns = [_column(table[name], f"{path}, column {name!r}", known.get(name)) for name in chosen]
        if label_column is not None:
            where = f"{path}, column {label_column!r}"
            labels, label_names = _labels(table[label_column], where, known.get(label_column))
    except UnicodeDecodeError as error:
        raise InvalidInputError(f"{path}: expected text in UTF-8; {error}.") from error
    coded = {name: column.texts for name, column in zip(chosen, columns, strict=True) if column.texts}
    x = np.stack([column.values for column in columns], axis=1).astype(np.float32)
    missing = int(np.isnan(x).sum())
    notes = [f"Column {name} has categories: {', '.join(texts)}." for name, texts in coded.items()]
    notes += [f"{missing} values are missing (NaN)."] if missing else []
    return Parts(
        Split(x, labels),
        label_names=label_names,
        notes=tuple(notes),
        column_names=tuple(chosen),
        categories=tuple(coded.get(name, ()) for name in chosen),
    )


def read_as_in_training(path: str | Path, columns: Mapping[str, Any]) -> Parts:
    """Reads a table as training read its own: the same columns in the same order, texts by the same numbers.

    Args:
        path: see `read_table`.
        columns: the options of `read_table` by name; labels are left out where the table has no such column.

    Raises:
        InvalidInputError: see `read_table`.
    """
    label_column = columns.get("label_column")
    if label_column not in column_names(path):
        label_column = None
    return read_table(path, **{**columns, "label_column": label_column})


def column_names(path: str | Path) -> list[str]:
    """The names of the columns of a table; its rows are not read.

    Raises:
        InvalidInputError: if there are none.
    """
    import pyarrow as pa
    from pyarrow import parquet

    path = Path(path)
    try:
        return list(parquet.read_schema(path).names) if path.suffix.lower() == ".parquet" else _header(path)[1]
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise InvalidInputError(f"{path}: expected a table with a header, {error}.") from error


def _read(path: Path, texts: Iterable[str]) -> Any:
    """A table of Arrow, in which the columns named `texts` are texts even if they look like numbers."""
    import pyarrow as pa
    from pyarrow import csv as arrow_csv
    from pyarrow import parquet

    try:
        if path.suffix.lower() == ".parquet":
            table = parquet.read_table(path, page_checksum_verification=True)
            _check_names(path, table.column_names)
            return table
        delimiter, header = _header(path)
        _check_names(path, header)
        options = arrow_csv.ReadOptions(block_size=min(max(path.stat().st_size + 1, 2**20), 2**31 - 1))
        parsing = arrow_csv.ParseOptions(delimiter=delimiter, newlines_in_values=True)
        converting = arrow_csv.ConvertOptions(strings_can_be_null=True, column_types=dict.fromkeys(texts, pa.string()))
        return arrow_csv.read_csv(path, options, parsing, converting)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise InvalidInputError(f"{path}: expected a table with a header, {error}.") from error


def _header(path: Path) -> tuple[str, list[str]]:
    """The one of `DELIMITERS` that divides the first line into most fields, and these."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        line = file.readline(2**20)
    fields = {delimiter: next(csv.reader([line], delimiter=delimiter), []) for delimiter in DELIMITERS}
    return max(fields.items(), key=lambda found: len(found[1]))


def _check_names(path: Path, names: Sequence[str]) -> None:
    if names and all(_is_number(name) for name in names):
        raise InvalidInputError(
            f"{path}: expected names of columns in the first line, got numbers, {', '.join(names[:5])}; add a header."
        )


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _column(column: Any, where: str, known: tuple[str, ...] | None) -> Column:
    """Numbers, or the numbers of texts."""
    import pyarrow as pa

    kind, values = _kind(column), column.to_pylist()
    if _is_text(kind) or known:
        texts = known or tuple(sorted({value for value in values if value is not None}))
        if len(texts) <= MAX_CATEGORIES:
            return Column(_codes(values, texts, where), texts)
        got = f"{len(texts)} different texts such as {texts[0][:40]!r}"
    elif pa.types.is_boolean(kind) or pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_null(kind):
        return Column(np.array([np.nan if value is None else value for value in values], np.float64))
    else:
        got = str(kind)
    raise InvalidInputError(
        f"{where}: expected numbers or at most {MAX_CATEGORIES} different texts, got {got}; make it numbers, or leave "
        "it out with use_columns."
    )


def _labels(column: Any, where: str, known: tuple[str, ...] | None) -> tuple[np.ndarray, tuple[str, ...]]:
    """Labels, and their names if they are texts."""
    values = column.to_pylist()
    if None in values:
        row = values.index(None)
        raise InvalidInputError(f"{where}: expected a label in each row, got none in row {row}; drop the row.")
    if _is_text(_kind(column)) or known:
        names = known or tuple(sorted(set(values)))
        return _codes(values, names, where).astype(np.int64), names
    return validate_labels(np.array(values), len(values), where), ()


def _codes(values: Sequence[str | None], texts: tuple[str, ...], where: str) -> np.ndarray:
    """The place of each value among the texts, float64; NaN for None."""
    codes = {None: np.nan, **{text: code for code, text in enumerate(texts)}}
    other = next((value for value in values if value not in codes), None)
    if other is not None:
        raise InvalidInputError(f"{where}: expected one of {', '.join(texts)}, as in training, got {other!r}.")
    return np.array([codes[value] for value in values], np.float64)


def _kind(column: Any) -> Any:
    import pyarrow as pa

    return column.type.value_type if pa.types.is_dictionary(column.type) else column.type


def _is_text(kind: Any) -> bool:
    import pyarrow as pa

    return pa.types.is_string(kind) or pa.types.is_large_string(kind)

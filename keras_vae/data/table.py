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
        categories: column -> its texts, in the order of their numbers, as known from another table: other texts are
            refused, and columns that are not named here must be numbers. None for what this table has.

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
    names, columns, labels = _read_columns(Path(path), label_column, use_columns, categories)
    for name, column in zip(names, columns, strict=True):
        _check_finite(column.values, f"{path}, column {name!r}")
    coded = {name: column.texts for name, column in zip(names, columns, strict=True) if column.texts}
    x = _side_by_side(columns)
    missing = int(np.isnan(x).sum())
    notes = [f"Column {name} has categories: {', '.join(texts)}." for name, texts in coded.items()]
    notes += [f"{missing} values are missing (NaN)."] if missing else []
    return Parts(
        Split(x, None if labels is None else labels.values.astype(np.int64)),
        label_names=() if labels is None else labels.texts,
        notes=tuple(notes),
        column_names=tuple(names),
        categories=tuple(coded.get(name, ()) for name in names),
    )


def read_as_in_training(
    path: str | Path,
    *,
    use_columns: Sequence[str],
    label_column: str | None = None,
    categories: Mapping[str, Sequence[str]] | None = None,
    key: str | None = None,
) -> tuple[np.ndarray, np.ndarray | None, list | None]:
    """Reads a table as training read its own: the same columns in the same order, texts by the same numbers.

    Args:
        path: see `read_table`.
        use_columns: see `read_table`.
        label_column: see `read_table`; None for no labels. A table may lack it.
        categories: column -> its texts in training, for the columns that had texts; the others must be numbers.
        key: a column whose values name the rows.

    Returns:
        Examples, float32 `(N, D)`, not yet checked to be finite; labels `(N,)` or None; keys or None.

    Raises:
        InvalidInputError: see `read_table`; also if a column has texts that had numbers in training.
    """
    path = Path(path)
    if label_column not in column_names(path):
        label_column = None
    _, columns, labels = _read_columns(path, label_column, use_columns, categories or {})
    keys = None if key is None else _texts_or_numbers(path, key)
    return _side_by_side(columns), None if labels is None else labels.values.astype(np.int64), keys


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


def _read_columns(
    path: Path,
    label_column: str | None,
    use_columns: Sequence[str] | None,
    categories: Mapping[str, Sequence[str]] | None,
) -> tuple[list[str], list[Column], Column | None]:
    """Names and values of the columns that make the examples, and the labels."""
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

    def texts_of(name):
        return known.get(name, None if categories is None else ())

    try:
        columns = [_column(table[name], f"{path}, column {name!r}", texts_of(name)) for name in chosen]
        if label_column is None:
            return chosen, columns, None
        return chosen, columns, _labels(table[label_column], f"{path}, column {label_column!r}", texts_of(label_column))
    except UnicodeDecodeError as error:
        raise InvalidInputError(f"{path}: expected text in UTF-8; {error}.") from error


def _side_by_side(columns: Sequence[Column]) -> np.ndarray:
    with np.errstate(over="ignore"):
        return np.stack([column.values for column in columns], axis=1).astype(np.float32)


def _check_finite(values: np.ndarray, where: str) -> None:
    bad = np.abs(values) > np.finfo(np.float32).max
    if bad.any():
        raise InvalidInputError(
            f"{where}: expected finite float32 numbers, got {values[bad][0]:g} in row {bad.argmax()}; mend or drop it."
        )


def _texts_or_numbers(path: Path, name: str) -> list:
    """The values of one column: of a CSV file as they are written, such as 007, which is no 7."""
    table = _read(path, [name])
    if name not in table.column_names:
        raise InvalidInputError(f"{path}: {unknown(name, table.column_names, part='column')}")
    return table[name].to_pylist()


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
    """Numbers, or the numbers of texts; `known` are these in training, none where it had numbers, None if not known."""
    import pyarrow as pa

    kind, values = _kind(column), column.to_pylist()
    is_number = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    if known or (_is_text(kind) and known is None):
        texts = known or tuple(sorted({value for value in values if not _is_gap(value)}))
        if len(texts) <= MAX_CATEGORIES:
            return Column(_codes(values, texts, where), texts)
        got = f"{len(texts)} different texts such as {texts[0][:40]!r}"
    elif is_number or pa.types.is_boolean(kind) or pa.types.is_null(kind):
        return Column(np.array([np.nan if value is None else value for value in values], np.float64))
    elif _is_text(kind):
        _refuse_texts(values, where)
        return Column(np.full(len(values), np.nan))
    else:
        got = str(kind)
    remedy = "make it numbers, or leave it out with use_columns" if known is None else "make it what it was in training"
    raise InvalidInputError(
        f"{where}: expected numbers or at most {MAX_CATEGORIES} different texts, got {got}; {remedy}."
    )


def _labels(column: Any, where: str, known: tuple[str, ...] | None) -> Column:
    """Labels, and their names if they are texts; `known` as of `_column`."""
    values = column.to_pylist()
    row = next((row for row, value in enumerate(values) if _is_gap(value)), None)
    if row is not None:
        raise InvalidInputError(f"{where}: expected a label in each row, got none in row {row}; drop the row.")
    if known or (_is_text(_kind(column)) and known is None):
        names = known or tuple(sorted(set(values)))
        return Column(_codes(values, names, where), names)
    if _is_text(_kind(column)):
        _refuse_texts(values, where)
    return Column(validate_labels(np.array(values), len(values), where))


def _refuse_texts(values: Sequence[str | None], where: str) -> None:
    """Texts are no numbers; a column of nothing but gaps has none."""
    text = next((value for value in values if not _is_gap(value)), None)
    if text is not None:
        raise InvalidInputError(
            f"{where}: expected numbers, as in training, got the text {text[:40]!r}; make it numbers."
        )


def _codes(values: Sequence[Any], texts: tuple[str, ...], where: str) -> np.ndarray:
    """The place of each value among the texts, float64; NaN for None."""
    codes = {None: np.nan, **{text: code for code, text in enumerate(texts)}}
    values = [_as_text(value) for value in values]
    other = next((value for value in values if value not in codes), None)
    if other is not None:
        raise InvalidInputError(f"{where}: expected one of {', '.join(texts)}, as in training, got {other[:40]!r}.")
    return np.array([codes[value] for value in values], np.float64)


def _as_text(value: Any) -> str | None:
    """A value as a CSV file has it; a whole number has no point, for a gap in its column makes it a float."""
    if _is_gap(value) or isinstance(value, str):
        return None if _is_gap(value) else value
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _is_gap(value: Any) -> bool:
    return value is None or value != value  # NaN, as of a gap in a column of Parquet that was made from numbers


def _kind(column: Any) -> Any:
    import pyarrow as pa

    return column.type.value_type if pa.types.is_dictionary(column.type) else column.type


def _is_text(kind: Any) -> bool:
    import pyarrow as pa

    return pa.types.is_string(kind) or pa.types.is_large_string(kind)

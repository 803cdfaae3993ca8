"""Reads tables from .csv, .tsv and .parquet files."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from keras_vae.data.arrow_tables import arrow_table, column_names, index_columns_of, text_errors
from keras_vae.data.columns import MOST_EXACT, Column, Faults, check_finite, stack_columns, to_column, to_labels
from keras_vae.data.parts import Parts
from keras_vae.data.split_dataset import Split
from keras_vae.data.table_memory import check_table_fits
from keras_vae.errors import InvalidInputError, unknown
from keras_vae.text import join_names


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
    check_table_fits(Path(path))
    names, columns, labels, left_out = _read_columns(Path(path), label_column, use_columns, categories)
    for name, column in zip(names, columns, strict=True):
        check_finite(column.values, f"{path}, column {name!r}")
    texts = {name: column.texts for name, column in zip(names, columns, strict=True)}
    x = stack_columns(columns)
    return Parts(
        Split(x, None if labels is None else labels.values),
        label_names=() if labels is None else labels.texts,
        notes=notes_of(
            texts,
            left_out,
            int(np.isnan(x).sum()),
            sorted(name for name, column in zip(names, columns, strict=True) if column.rounded),
        ),
        column_names=tuple(names),
        categories=tuple(texts.values()),
    )


def notes_of(
    texts: Mapping[str, Sequence[str]], left_out: Sequence[str], missing: int, rounded: Sequence[str]
) -> tuple[str, ...]:
    """Returns the notes on a table.

    Args:
        texts: column -> its texts; empty for a numeric column.
        left_out: the columns with the row index of pandas.
        missing: number of missing values.
        rounded: the columns with integers that float32 rounds.
    """
    notes = [f"Column {name} has categories: {', '.join(known)}." for name, known in texts.items() if known]
    notes += [f"Left out {name}, the row index of pandas; to use it, name it in use_columns." for name in left_out]
    notes += [f"{missing} values are missing (NaN)."] if missing else []
    return (*notes, *rounding_notes(rounded))


def rounding_notes(columns: Sequence[str]) -> list[str]:
    """Returns a note if columns have integers that float32 rounds."""
    if not columns:
        return []
    return [
        f"Rounded the integers above {MOST_EXACT:,} in {', '.join(columns)} to float32; leave out columns that are "
        "keys, such as row numbers or timestamps."
    ]


def read_as_in_training(
    path: str | Path,
    *,
    use_columns: Sequence[str],
    label_column: str | None = None,
    categories: Mapping[str, Sequence[str]] | None = None,
    key: str | None = None,
    faults: Faults | None = None,
) -> tuple[np.ndarray, np.ndarray | None, list | None]:
    """Reads a table like the training data: the same columns in the same order, and the same indices of texts.

    Args:
        path: see `read_table`.
        use_columns: see `read_table`.
        label_column: see `read_table`. None reads no labels. The table may lack this column.
        categories: column -> texts in the training data, for the text columns. All other columns must be numeric.
        key: a column with the keys of the rows.
        faults: collects row -> reason, for each row that cannot be used: with text in a numeric column, a text that is
            not in the training data, no label, or more or fewer fields than the header. None raises an error.

    Returns:
        Examples, float32 `(N, D)`, which may contain infinity; labels `(N,)` or None; keys or None. The rows in
        `faults` have other values and no key.

    Raises:
        InvalidInputError: see `read_table`; also if a numeric column of the training data contains text.
    """
    path = Path(path)
    if label_column not in column_names(path):
        label_column = None
    check_table_fits(path)
    broken: dict[int, str] | None = None if faults is None else {}
    _, columns, labels, _ = _read_columns(
        path, label_column, use_columns, categories or {}, faults=faults, broken=broken
    )
    x, y = stack_columns(columns), None if labels is None else labels.values
    keys = None if key is None else _texts_or_numbers(path, key, {} if broken else None)
    if faults is None or not broken:
        return x, y, keys
    rows = np.setdiff1d(np.arange(len(x) + len(broken)), list(broken))  # of the file, for each row of the table
    moved = {int(rows[row]): reason for row, reason in faults.items()}
    faults.clear()
    faults.update(moved | broken)
    place = np.searchsorted(rows, np.arange(len(x) + len(broken))).clip(max=len(x) - 1)  # any, for a broken row
    if keys is not None:
        keys = [None if row in broken else keys[at] for row, at in enumerate(place)]
    return x[place], None if y is None else y[place], keys


def select_columns(
    path: Path,
    names: Sequence[str],
    index_columns: Sequence[str],
    rows: int,
    label_column: str | None,
    use_columns: Sequence[str] | None,
    *,
    as_in_training: bool = False,
) -> tuple[list[str], list[str]]:
    """Selects the columns of the examples.

    Args:
        path: the table.
        names: the names of all columns.
        index_columns: the columns with the row index of pandas.
        rows: number of rows.
        label_column: see `read_table`.
        use_columns: see `read_table`.
        as_in_training: whether the names are those of the training data, for messages.

    Returns:
        The names of the columns, and the index columns that are left out.

    Raises:
        InvalidInputError: if there are no rows, if a name is missing or repeated, or if a column is missing.
    """
    repeated = [name for name, count in Counter(names).items() if count > 1]
    if repeated or not all(names):
        got = f"{repeated[0]!r} twice" if repeated else f"none for column {names.index('') + 1}"
        raise InvalidInputError(f"{path}: expected a different name for each column, got {got}; rename it.")
    absent = [name for name in use_columns or () if name not in names]
    if absent and as_in_training:
        raise InvalidInputError(
            f"{path}: expected the columns of the training data, got none named {join_names(absent)}; add what is "
            f"missing. The file has {join_names(names)}."
        )
    for name in [*(use_columns or ()), *([label_column] if label_column is not None else [])]:
        if name not in names:
            raise InvalidInputError(f"{path}: {unknown(name, names, part='column')}")
    left_out = [] if use_columns is not None else [name for name in index_columns if name != label_column]
    rest = [name for name in names if name not in (label_column, *left_out)]
    selected_names = list(use_columns) if use_columns is not None else rest
    if (
        not selected_names
        or not rows
        or len(set(selected_names)) < len(selected_names)
        or label_column in selected_names
    ):
        raise InvalidInputError(
            f"{path}: expected one or more rows, and distinct columns other than the labels, got {rows} rows and the "
            f"columns {selected_names}; correct the table or use_columns."
        )
    return selected_names, left_out


def _read_columns(
    path: Path,
    label_column: str | None,
    use_columns: Sequence[str] | None,
    categories: Mapping[str, Sequence[str]] | None,
    *,
    faults: Faults | None = None,
    broken: Faults | None = None,
) -> tuple[list[str], list[Column], Column | None, list[str]]:
    """Returns the names and values of the columns of the examples, the labels, and the names of index columns."""
    training_texts = {name: tuple(texts) for name, texts in (categories or {}).items()}
    table = arrow_table(path, training_texts, broken)
    index_columns = index_columns_of(path, table.schema)
    names, left_out = select_columns(
        path, table.column_names, index_columns, table.num_rows, label_column, use_columns,
        as_in_training=categories is not None,
    )  # fmt: skip

    def texts_of(name):
        return training_texts.get(name, None if categories is None else ())

    with text_errors(path):
        columns, refused = [], {}
        for name in names:
            try:
                columns.append(to_column(table[name], f"{path}, column {name!r}", texts_of(name), faults=faults))
            except InvalidInputError as error:
                refused[name] = error
        if refused:
            (_, error), *others = refused.items()
            more = f" Neither can these columns be used: {', '.join(name for name, _ in others)}." if others else ""
            raise InvalidInputError(f"{error}{more}") from error
        if label_column is None:
            return names, columns, None, left_out
        where = f"{path}, column {label_column!r}"
        return names, columns, to_labels(table[label_column], where, texts_of(label_column), faults=faults), left_out


def _texts_or_numbers(path: Path, name: str, broken: Faults | None = None) -> list:
    """Returns the values of one column; text for a CSV file, as 007 differs from 7."""
    table = arrow_table(path, [name], broken)
    if name not in table.column_names:
        raise InvalidInputError(f"{path}: {unknown(name, table.column_names, part='column')}")
    return table[name].to_pylist()

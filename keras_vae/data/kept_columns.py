"""The columns of a table that are left when some are ignored."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from keras_vae.data.arrow_tables import column_names, index_columns_of
from keras_vae.errors import InvalidInputError, unknown


def kept_columns(
    source: Any,
    columns: Sequence[str],
    use_columns: Sequence[str] | None,
    ignore_columns: Sequence[str],
    label_column: str | None,
) -> list[str]:
    """Returns the columns of the examples, which are all but the ignored ones, the labels and a row index of pandas.

    Args:
        source: the table, for messages.
        columns: the names of all its columns.
        use_columns: None; the columns of the examples are given or ignored, not both.
        ignore_columns: the names of the ignored columns.
        label_column: the name of the column with the labels, or None.

    Raises:
        InvalidInputError: if `use_columns` is given, too, if a name is unknown, or if no column is left.

    Example:

    >>> kept_columns("t.csv", ["id", "age", "size", "kind"], None, ["id"], "kind")
    ['age', 'size']
    """
    if use_columns is not None:
        raise InvalidInputError("use_columns and ignore_columns: expected one of the two, got both; leave one out.")
    if isinstance(ignore_columns, str) or not all(isinstance(name, str) for name in ignore_columns):
        raise InvalidInputError(f"ignore_columns: expected a list of names of columns; got {ignore_columns!r}.")
    for name in ignore_columns:
        if name not in columns:
            raise InvalidInputError(f"{source}: {unknown(name, columns, part='column')}")
        if name == label_column:
            raise InvalidInputError(f"ignore_columns: {name!r} is the column with the labels; ignore others.")
    kept = [name for name in columns if name not in (*ignore_columns, label_column)]
    if not kept:
        raise InvalidInputError(f"{source}: expected columns beside the ignored ones, got none; ignore fewer.")
    return kept


def all_columns(path: Path) -> list[str]:
    """Returns the names of the columns of a table, without those of a row index of pandas."""
    names = column_names(path)
    if path.suffix.lower() != ".parquet":
        return names
    from pyarrow import parquet

    index = index_columns_of(path, parquet.read_schema(os.fspath(path)))
    return [name for name in names if name not in index]

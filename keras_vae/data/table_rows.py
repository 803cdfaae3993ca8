"""Rows of numbers -> the table that a file has: named columns, texts for indices, whole numbers."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from keras_vae.data.arrow_tables import arrow_table, column_names
from keras_vae.data.columns import FALSE, TRUE, kind_of
from keras_vae.errors import InvalidInputError

LARGEST_INTEGER = 2**63 - 1024
"""The largest int64 that is a float64, too."""

MOST_DECIMALS, MOST_ROWS = 6, 100_000
"""Limits of `decimals_of`."""


def decimals_of(x: np.ndarray) -> list[int | None]:
    """Returns the number of decimals of the numbers in each column, at most 6; None for more.

    Of many rows, 100,000 are read.

    Args:
        x: float32 `(N, D)`, which may contain NaN.

    Example:

    >>> decimals_of(np.array([[31, 0.1, 1 / 3], [np.nan, 2.25, 0]], "float32"))
    [0, 2, None]
    """
    rows = x[:: -(-len(x) // MOST_ROWS)]
    return [_decimals(column[np.isfinite(column)]) for column in rows.T]


def _decimals(values: np.ndarray) -> int | None:
    for count in range(MOST_DECIMALS + 1):
        if (np.round(values.astype("float64"), count).astype(values.dtype) == values).all():
            return count
    return None


def table_of(
    rows: np.ndarray,
    names: Sequence[str],
    categories: Sequence[Sequence[str]],
    decimals: Mapping[str, int] | None = None,
) -> Any:
    """Returns rows as an Arrow table. Indices become texts; a column of whole numbers, int64; NaN, null.

    Args:
        rows: `(N, D)`.
        names: names of the D columns.
        categories: for each column, the texts with the indices 0, 1, ...; empty for a numeric column.
        decimals: column -> number of decimals to which its numbers are rounded.

    Example:

    >>> rows, texts = np.array([[0.5, 1, 7.1], [2, 0, np.nan]]), ((), ("Bonn", "Ulm"), ())
    >>> table_of(rows, ("size", "town", "visits"), texts, {"visits": 0}).to_pydict()
    {'size': [0.5, 2.0], 'town': ['Ulm', 'Bonn'], 'visits': [7, None]}
    """
    import pyarrow as pa

    columns = [
        _values(_rounded(rows[:, i], (decimals or {}).get(name)), texts)
        for i, (name, texts) in enumerate(zip(names, categories, strict=True))
    ]
    return pa.table({name: pa.array(values) for name, values in zip(names, columns, strict=True)})


def table_of_arrays(arrays: Mapping[str, np.ndarray]) -> Any:
    """Returns arrays as an Arrow table, with a column for each element of a row.

    Args:
        arrays: name -> `(N, ...)`.

    Example:

    >>> table_of_arrays({"elbo": np.array([-9.5]), "mean": np.array([[0.5, 2.0]])}).to_pydict()
    {'elbo': [-9.5], 'mean_0': [0.5], 'mean_1': [2.0]}
    """
    import pyarrow as pa

    columns = {}
    for name, array in arrays.items():
        for index in np.ndindex(array.shape[1:]):
            columns["_".join([name, *map(str, index)])] = pa.array(array[:, *index])
    return pa.table(columns)


def write_table(table: Any, path: Path) -> None:
    """Writes an Arrow table as `.csv`, `.tsv` or `.parquet`.

    Example:

    >>> write_table(table_of(np.array([[0.5, 1.0]]), ("size, in m", "town"), ((), ("Bonn", "Ulm"))), Path("t.csv"))
    >>> print(Path("t.csv").read_text())
    "size, in m","town"
    0.5,"Ulm"
    <BLANKLINE>
    """
    from pyarrow import csv, parquet

    if path.suffix.lower() == ".parquet":
        parquet.write_table(table, path)
        return
    csv.write_csv(table, path, csv.WriteOptions(delimiter="\t" if path.suffix.lower() == ".tsv" else ","))


def with_missing(
    path: str | Path,
    rows: np.ndarray,
    missing: np.ndarray,
    *,
    names: Sequence[str],
    categories: Sequence[Sequence[str]],
    decimals: Mapping[str, int] | None = None,
) -> Any:
    r"""Returns the table of a file with its missing values replaced; all other values and columns stay as they are.

    The columns of a CSV file are text, so that 007 stays 007. A column of integers or booleans keeps its type.

    Args:
        path: the file.
        rows: new values of the columns `names`, `(N, D)`; indices for texts.
        missing: which values are replaced, bool `(N, D)`.
        names: the D columns.
        categories: for each of them, the texts with the indices 0, 1, ...; empty for a numeric column.
        decimals: column -> number of decimals to which its new numbers are rounded.

    Raises:
        InvalidInputError: if the file is not a table, or has another number of rows.

    Example:

    >>> _ = Path("t.csv").write_text("key,age,town\n007,,Ulm\n008,31,NA\n")
    >>> rows, missing = np.array([[42.3, 0], [0, 0]]), np.array([[True, False], [False, True]])
    >>> names, texts = ("age", "town"), ((), ("Bonn", "Ulm"))
    >>> with_missing("t.csv", rows, missing, names=names, categories=texts, decimals={"age": 0}).to_pydict()
    {'key': ['007', '008'], 'age': ['42', '31'], 'town': ['Ulm', 'Bonn']}
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    path = Path(path)
    table = arrow_table(path, column_names(path) if path.suffix.lower() != ".parquet" else ())
    if len(table) != len(rows):
        raise InvalidInputError(f"{path}: expected {len(rows)} rows, as when it was read first, got {len(table)}.")
    for i, name in enumerate(names):
        if not missing[:, i].any():
            continue
        old = table[name].combine_chunks()
        old = old.dictionary_decode() if pa.types.is_dictionary(old.type) else old
        values = _rounded(np.where(missing[:, i], rows[:, i], np.nan), (decimals or {}).get(name))
        new = _like(old, values, categories[i])
        old = old.cast(new.type)
        table = table.set_column(table.column_names.index(name), name, pc.if_else(pa.array(missing[:, i]), new, old))
    return table


def _like(old: Any, values: np.ndarray, texts: Sequence[str]) -> Any:
    """Returns new values for a column as an Arrow array of its type, or of one that holds both."""
    import pyarrow as pa

    kind = kind_of(old)
    if texts:
        return pa.array(_values(values, texts), pa.string())
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):  # the numbers of a CSV file
        known = {text for text in old.unique().to_pylist() if text is not None}
        words = [pair for pair in zip(FALSE[1:], TRUE[1:], strict=True) if known and known <= {*pair}]
        if words:
            return pa.array([words[0][int(value >= 0.5)] for value in values], kind)
        return pa.array([None if value is None else str(value) for value in _values(values, ())], kind)
    if pa.types.is_boolean(kind):
        return pa.array(values >= 0.5)
    if pa.types.is_integer(kind):
        limits = np.iinfo(kind.to_pandas_dtype())
        whole = np.round(values.astype("float64")).clip(limits.min, min(limits.max, LARGEST_INTEGER))
        return pa.array(whole, from_pandas=True).cast(kind)
    return pa.array(_short(values)).cast(kind if pa.types.is_floating(kind) else "double")


def _values(values: np.ndarray, texts: Sequence[str]) -> list[Any]:
    """Returns the values of a column as texts, integers or floats, with None for NaN."""
    known = np.isfinite(values)
    if texts:  # a mean can lie between two indices, or beyond them
        indices = np.round(values).clip(0, len(texts) - 1)
        return [texts[int(index)] if good else None for index, good in zip(indices, known, strict=True)]
    if ((values[known] == np.round(values[known])) & (np.abs(values[known]) < 2.0**63)).all():
        return [int(value) if good else None for value, good in zip(values, known, strict=True)]
    return [float(value) if good else None for value, good in zip(_short(values), known, strict=True)]


def _short(values: np.ndarray) -> np.ndarray:
    """Returns float32 values as the float64 with the same digits: 0.1 as 0.1, and not as 0.10000000149."""
    return values.astype(str).astype("float64") if values.dtype == np.float32 else values


def _rounded(values: np.ndarray, decimals: int | None) -> np.ndarray:
    """Returns numbers with at most so many decimals, float64; unchanged for None."""
    return values if decimals is None else np.round(values.astype("float64"), decimals) + 0.0  # and no -0.0

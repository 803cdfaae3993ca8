"""Converts the columns of a table to numbers: numbers, texts to indices, and labels."""

from collections.abc import Iterable, MutableMapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from keras_vae.checks import MAX_CATEGORIES
from keras_vae.data.unusable_text import LEAVE_OUT, reads_as_number, remedy_for
from keras_vae.data.validate import validate_labels
from keras_vae.errors import InvalidInputError

TRUE, FALSE = ("1", "true", "True", "TRUE"), ("0", "false", "False", "FALSE")
"""The texts that Arrow reads as true and false in a CSV file."""

MOST_EXACT = 2**24
"""The integers up to this one are exact in float32."""

UNKNOWN = -1.0
"""The index of a text that is not among the categories, until it is refused."""

Faults = MutableMapping[int, str]
"""Row -> what is wrong with it."""


class Column(NamedTuple):
    """A column of a table.

    Attributes:
        values: float64 `(N,)`, NaN for a missing value; int64 for labels.
        texts: the texts with the indices 0, 1, ...; empty for a numeric column.
        rounded: whether the column has integers that float32 cannot represent.
    """

    values: np.ndarray
    texts: tuple[str, ...] = ()
    rounded: bool = False


def to_column(
    column: Any,
    where: str,
    training_texts: tuple[str, ...] | None,
    *,
    first: int = 0,
    faults: Faults | None = None,
) -> Column:
    """Converts a column to numbers, or its texts to indices.

    Args:
        column: an Arrow array.
        where: name of the column, for messages.
        training_texts: the texts of the column in the training data: an empty tuple for a numeric column, and None if
            there are no training data to match.
        first: row of the first value, for messages.
        faults: collects the rows with a value that cannot be used, which then becomes NaN. None raises an error.

    Raises:
        InvalidInputError: if the column is neither numeric nor text with at most 20 categories, or, without `faults`,
            if it does not match the training data.
    """
    import pyarrow as pa

    kind = kind_of(column)
    remedy = LEAVE_OUT
    if training_texts or (is_text(kind) and training_texts is None):
        texts = training_texts or tuple(sorted(texts_in(column)))
        if len(texts) <= MAX_CATEGORIES:
            return Column(_codes(column, texts, where, first, faults), texts)
        row, text = first_text(column.to_pylist())
        got = f"{len(texts)} different texts, such as {text[:40]!r} in row {first + row}"
        remedy = remedy_for(texts)
    elif is_number(kind) or pa.types.is_boolean(kind) or pa.types.is_null(kind):
        numbers = to_numbers(column)
        return Column(numbers, rounded=pa.types.is_integer(kind) and is_rounded(numbers))
    elif is_text(kind):
        return Column(_numbers_in_text(column, where, first, faults))
    else:
        got = str(kind)
    if pa.types.is_temporal(kind):
        remedy = f"{LEAVE_OUT}; a date becomes a number as days since the first one"
    if training_texts is not None:
        remedy = "convert it to the type of the column in the training data"
    raise InvalidInputError(
        f"{where}: expected numbers or at most {MAX_CATEGORIES} different texts, got {got}; {remedy}."
    )


def to_labels(
    column: Any,
    where: str,
    training_texts: tuple[str, ...] | None,
    *,
    first: int = 0,
    faults: Faults | None = None,
) -> Column:
    """Converts a column to labels, with their names if they are texts; arguments and errors as for `to_column`."""
    missing = np.concatenate([np.zeros(0, bool), *map(_is_missing_in, chunks_of(column))])
    _refuse(
        faults, np.flatnonzero(missing), first,
        lambda _: (f"{where}: expected a label in each row, got none", "remove the row"),
    )  # fmt: skip
    if training_texts or (is_text(kind_of(column)) and training_texts is None):
        names = training_texts or tuple(sorted(texts_in(column)))
        codes = _codes(column, names, where, first, faults)
        return Column(np.nan_to_num(codes).astype(np.int64), names)
    if is_text(kind_of(column)):
        return Column(_whole(_numbers_in_text(column, where, first, faults), where, first, faults))
    return Column(_whole(_plain(column, missing), where, first, faults))


def stack_columns(columns: Sequence[Column]) -> np.ndarray:
    """Returns the columns as examples, float32 `(N, D)`."""
    with np.errstate(over="ignore"):
        return np.stack([column.values for column in columns], axis=1).astype(np.float32)


def is_rounded(integers: np.ndarray) -> bool:
    """Returns whether float32, which has 24 binary digits, rounds one of the integers, which are in float64, or NaN.

    Integers from 2^53 on may have been rounded by float64 already, and count as rounded.
    """
    large = integers[np.abs(integers) > MOST_EXACT]
    return bool(np.any((large.astype(np.float32) != large) | (np.abs(large) >= 2.0**53)))


def check_finite(values: np.ndarray, where: str, first: int = 0) -> None:
    """Raises `InvalidInputError` if a value is infinite, or too large for float32."""
    invalid = np.abs(values) > np.finfo(np.float32).max
    if invalid.any():
        raise InvalidInputError(
            f"{where}: expected finite float32 numbers, got {values[invalid][0]:g} in row {first + invalid.argmax()}; "
            "correct or remove it."
        )


def texts_in(column: Any) -> set[str]:
    """Returns the different texts of a column."""
    texts = set()
    for chunk in chunks_of(column):
        texts.update(chunk.unique().to_pylist())
    return texts - {None}


def first_text(values: Iterable[str | None]) -> tuple[int, str]:
    """Returns the row and value of the first text that is not a number, or of the first text if all are numbers."""
    texts = [(row, text) for row, text in enumerate(values) if text is not None]
    return next(((row, text) for row, text in texts if not reads_as_number(text)), texts[0])


def kind_of(column: Any) -> Any:
    """Returns the Arrow type of the values of a column."""
    import pyarrow as pa

    return column.type.value_type if pa.types.is_dictionary(column.type) else column.type


def is_text(kind: Any) -> bool:
    """Returns whether an Arrow type is text."""
    import pyarrow as pa

    return pa.types.is_string(kind) or pa.types.is_large_string(kind)


def is_number(kind: Any) -> bool:
    """Returns whether an Arrow type is a number."""
    import pyarrow as pa

    return pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)


def chunks_of(column: Any) -> list[Any]:
    """Returns the arrays of a column, which are not dictionaries of values."""
    import pyarrow as pa

    chunks = column.chunks if isinstance(column, pa.ChunkedArray) else [column]
    return [chunk.dictionary_decode() if isinstance(chunk, pa.DictionaryArray) else chunk for chunk in chunks]


def to_numbers(column: Any) -> np.ndarray:
    """Returns the numbers of an Arrow column, float64 `(N,)`; NaN for null."""
    import pyarrow as pa

    kind = kind_of(column)
    if pa.types.is_boolean(kind):
        column = column.cast(pa.uint8())
    elif pa.types.is_decimal(kind) or pa.types.is_float16(kind):  # Arrow does not round them as Python does
        return np.array([np.nan if value is None else value for value in column.to_pylist()], np.float64)
    chunks = [chunk.cast(pa.float64(), safe=False) for chunk in chunks_of(column)]
    return np.concatenate([np.zeros(0), *(chunk.to_numpy(zero_copy_only=False) for chunk in chunks)])


def _plain(column: Any, missing: np.ndarray) -> np.ndarray:
    """Returns numbers in their own dtype; 0 for the missing values."""
    import pyarrow as pa

    kind = kind_of(column)
    if missing.any() or pa.types.is_null(kind):
        return np.where(missing, 0.0, to_numbers(column)) if not pa.types.is_null(kind) else np.zeros(len(column))
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind):
        arrays = [chunk.to_numpy(zero_copy_only=False) for chunk in chunks_of(column)]
        return np.concatenate(arrays) if arrays else np.zeros(0)
    return np.array(column.to_pylist())


def _whole(values: np.ndarray, where: str, first: int, faults: Faults | None) -> np.ndarray:
    """Returns the labels of a column of numbers, int64 `(N,)`."""
    if values.dtype.kind == "f":
        fractions = np.isfinite(values) & (values != np.floor(values))
        _refuse(
            faults, np.flatnonzero(fractions), first,
            lambda row: (f"{where}: expected integer labels, got {values[row]}", "convert it"),
        )  # fmt: skip
        if faults is not None:
            values = np.where(np.isfinite(values) & ~fractions, values, 0)
    return validate_labels(values, len(values), where)


def _numbers_in_text(column: Any, where: str, first: int, faults: Faults | None) -> np.ndarray:
    """Returns the numbers of a column of text, which must have no text if there are no `faults` to collect."""
    texts = column.to_pylist()
    words = {**dict.fromkeys(TRUE, 1.0), **dict.fromkeys(FALSE, 0.0), None: np.nan}
    numbers = [words[text] if text in words else float(text) if reads_as_number(text) else None for text in texts]
    bad = [row for row, number in enumerate(numbers) if number is None]
    if faults is None and any(text is not None for text in texts):
        bad = [first_text(texts)[0]]  # a column of text, even if all texts are numbers
    _refuse(
        faults,
        bad,
        first,
        lambda row: (
            f"{where}: expected numbers, as in training, got the text {texts[row][:40]!r}",
            "replace it by a number",
        ),
    )
    return np.array([np.nan if number is None else number for number in numbers])


def _codes(column: Any, texts: tuple[str, ...], where: str, first: int, faults: Faults | None) -> np.ndarray:
    """Returns the index of each value among the texts, float64; NaN for a missing value."""
    import pyarrow as pa

    codes = {None: np.nan, **{text: code for code, text in enumerate(texts)}}
    parts = [np.zeros(0)]
    for chunk in chunks_of(column):
        encoded = chunk.dictionary_encode()
        known = [codes.get(_as_text(value), UNKNOWN) for value in encoded.dictionary.to_pylist()]
        rows = encoded.indices.cast(pa.int64()).fill_null(len(known)).to_numpy(zero_copy_only=False)
        parts.append(np.array([*known, np.nan])[rows])
    values = np.concatenate(parts)
    unknown = values == UNKNOWN

    def reason(row: int) -> tuple[str, str]:
        text = str(_as_text(column[row].as_py()))[:40]
        return f"{where}: expected one of {', '.join(texts)}, as in training, got {text!r}", "replace it"

    _refuse(faults, np.flatnonzero(unknown), first, reason)
    return np.where(unknown, np.nan, values)


def _refuse(faults: Faults | None, rows: Iterable[int], first: int, reason: Any) -> None:
    """Adds a fault for each of the rows, or raises an error for the first of them.

    Args:
        faults: see `to_column`.
        rows: indices in the column.
        first: row of the first value.
        reason: index -> what was expected and given, and a remedy.
    """
    for row in map(int, rows):
        fault, remedy = reason(row)
        if faults is None:
            raise InvalidInputError(f"{fault} in row {first + row}; {remedy}.")
        faults.setdefault(first + row, f"{fault}; {remedy}.")


def _is_missing_in(chunk: Any) -> np.ndarray:
    """Returns whether each value is null, or NaN, which is a missing value in a numeric Parquet column."""
    return chunk.is_null(nan_is_null=True).to_numpy(zero_copy_only=False)


def _as_text(value: Any) -> str | None:
    """Returns a value as text in CSV style. Whole floats have no point, as missing values turn integers into floats."""
    if value is None or value != value:
        return None
    if isinstance(value, str):
        return value
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)

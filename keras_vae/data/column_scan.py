"""What a scan of a table finds in its columns: texts, and types that fit all values."""

from typing import Any

from keras_vae.data.columns import FALSE, TRUE, first_text, texts_in
from keras_vae.data.table_blocks import csv_types
from keras_vae.data.unusable_text import reads_as_number, remedy_for
from keras_vae.errors import InvalidInputError

NUMBER = 3
"""The index of float64 in `csv_types`."""

FEW = 16
"""Number of values that are converted first."""


class ColumnScan:
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
            before = range(len(csv_types())) if self.types is None else self.types
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


def _converts(column: Any, kind: int) -> bool:
    """Returns whether all texts of a column can be converted to a type as in a CSV file."""
    import pyarrow as pa
    from pyarrow import compute as pc

    target = csv_types()[kind]
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

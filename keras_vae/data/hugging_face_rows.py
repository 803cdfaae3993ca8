"""Numbers of a Hugging Face data set that are read when they are needed."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from keras_vae.data.columns import chunks_of, is_rounded, to_numbers
from keras_vae.data.lazy_array import LazyArray
from keras_vae.data.validate import validate
from keras_vae.errors import InvalidInputError


class HuggingFaceRows(LazyArray):
    """Numeric columns of a `datasets.Dataset`, read when they are needed.

    One column of lists or arrays keeps its shape. The values of several columns are side by side, `(N, D)`.

    Args:
        dataset: the data set, whose rows are random access.
        columns: column -> its shape, `()` for a number.
        name: name of the data set, for messages.
        dtype: uint8 for pixels, or float32.

    Raises:
        InvalidInputError: by `take`, if a list does not have its fixed length.
    """

    def __init__(self, dataset: Any, columns: Mapping[str, tuple[int, ...]], *, name: str, dtype: Any = np.float32):
        self.columns, self.name = dict(columns), name
        self.rounded: set[str] = set()
        """The columns with integers that float32 rounds, among the rows that were read."""
        shapes = list(columns.values())
        self._row = shapes[0] if len(shapes) == 1 and shapes[0] else (sum(map(math.prod, shapes)),)
        example = validate(np.zeros((1, *self._row), dtype), name)
        super().__init__((len(dataset), *example.shape[1:]), example.dtype)
        self.dataset = dataset.select_columns(list(columns)).with_format("arrow")

    def take(self, indices: Sequence[int] | np.ndarray) -> np.ndarray:
        rows = np.asarray(indices, np.int64)
        if not len(rows):
            return np.zeros((0, *self.shape[1:]), self.dtype)
        table = self.dataset[rows.tolist()]
        values = [self._values(table[column], column, math.prod(shape)) for column, shape in self.columns.items()]
        with np.errstate(over="ignore", invalid="ignore"):  # each batch is checked for infinite values
            return np.concatenate(values, axis=1).astype(self.dtype).reshape(len(rows), *self.shape[1:])

    def _values(self, column: Any, name: str, size: int) -> np.ndarray:
        """Returns the numbers of a column, float64 `(B, size)`."""
        import pyarrow as pa

        parts, count = [np.zeros(0)], len(column)
        for chunk in chunks_of(column):
            while isinstance(chunk, pa.ExtensionArray) or pa.types.is_nested(chunk.type):
                chunk = chunk.storage if isinstance(chunk, pa.ExtensionArray) else chunk.flatten()
            parts.append(to_numbers(chunk))
            if pa.types.is_integer(chunk.type) and is_rounded(parts[-1]):
                self.rounded.add(name)
        values = np.concatenate(parts)
        if len(values) != count * size:
            raise InvalidInputError(
                f"{self.name}, column {name!r}: expected {size} numbers in each row, got {len(values)} in {count} "
                "rows; fill or remove the rows without a value."
            )
        return values.reshape(count, size)

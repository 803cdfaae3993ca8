"""Columns of a table whose rows are read when they are needed."""

from collections.abc import Sequence

import numpy as np

from keras_vae.data.lazy_array import InMemory, LazyArray


class TableColumns(LazyArray):
    """Chosen columns of a table, with other indices of the texts.

    Args:
        base: float32 `(N, D)`.
        columns: `(K,)` indices of the columns.
        codes: for each of the K columns, the new index of each index of its texts; None keeps the values.

    Example:

    >>> base = np.array([[0.5, 1.0], [0.25, np.nan]], np.float32)
    >>> TableColumns(base, [1], [np.array([2.0, 0.0])]).take([0, 1]).tolist()
    [[0.0], [nan]]
    """

    def __init__(self, base: LazyArray | np.ndarray, columns: Sequence[int], codes: Sequence[np.ndarray | None]):
        super().__init__((len(base), len(columns)), np.float32)
        self.base: LazyArray = InMemory(base) if isinstance(base, np.ndarray) else base
        self.columns, self.codes = list(columns), list(codes)

    def take(self, indices: Sequence[int] | np.ndarray) -> np.ndarray:
        rows = np.ascontiguousarray(self.base.take(indices)[:, self.columns])
        for column, codes in enumerate(self.codes):
            if codes is not None:
                present = ~np.isnan(rows[:, column])
                rows[present, column] = codes[rows[present, column].astype(np.int64)]
        return rows

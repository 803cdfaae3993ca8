"""Rows that share the value of a factor."""

import numpy as np


class Groups:
    """Samples rows with a given value of one factor.

    A cell is one value of one factor; the cells of all factors are numbered consecutively.

    Args:
        factors: `(N, K)`, with values from 0 without gaps for each factor.

    Attributes:
        cells: `(N, K)`, the cell of each row for each factor.

    Example:

    >>> groups = Groups(np.array([[0, 0], [0, 1], [1, 0]]))
    >>> groups.cells.tolist()
    [[0, 2], [0, 3], [1, 2]]
    >>> sorted(set(groups.draw(np.full(99, 2), np.random.default_rng(0)).tolist()))
    [0, 2]
    """

    def __init__(self, factors: np.ndarray):
        sizes = factors.max(axis=0) + 1
        self.cells = factors + np.cumsum(sizes) - sizes
        self._rows = np.argsort(self.cells.ravel(), kind="stable") // factors.shape[1]
        self._counts = np.bincount(self.cells.ravel())
        self._starts = np.cumsum(self._counts) - self._counts

    def draw(self, cells: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Samples a row index for each entry of `cells`, uniformly from the rows in that cell, with replacement."""
        return self._rows[self._starts[cells] + rng.integers(self._counts[cells])]

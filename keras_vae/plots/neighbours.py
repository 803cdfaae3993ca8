"""Plots examples beside their nearest examples."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from keras_vae.errors import InvalidInputError
from keras_vae.plots.canvas import INK, caption
from keras_vae.plots.events import as_events
from keras_vae.plots.sheet import GAP, MAX_ROWS, Sheet

CAPTION = 0.16
LONGEST = 14
"""The number of characters of a name."""


def plot_neighbours(
    queries: np.ndarray,
    neighbours: np.ndarray,
    *,
    names: Sequence[str],
    distances: np.ndarray,
    neighbour_names: Sequence[Sequence[str]] | None = None,
) -> Figure:
    """Plots a row for each query: the query, and its nearest examples from left to right.

    Args:
        queries: (N, *event) examples, uint8 or in [0, 1] for images; at most 16 are plotted.
        neighbours: (N, count, *event) their nearest examples.
        names: N names of the queries.
        distances: (N, count) numbers for the captions of the nearest examples.
        neighbour_names: (N, count) names for these captions; None shows the distances only.

    Raises:
        InvalidInputError: if the shapes differ.

    Example:

    >>> queries, neighbours = np.zeros((2, 8, 8, 1)), np.zeros((2, 4, 8, 8, 1))
    >>> figure = plot_neighbours(queries, neighbours, names=["a.png", "b.png"], distances=np.ones((2, 4)))
    >>> len(figure.axes)
    10
    """
    queries = as_events("queries", queries, "N")
    neighbours = as_events("neighbours", neighbours, "N", "count")
    if neighbours.shape[:1] + neighbours.shape[2:] != queries.shape:
        raise InvalidInputError(f"neighbours: expected (N, count, *event) for {queries.shape}, got {neighbours.shape}.")
    if np.shape(distances) != neighbours.shape[:2]:
        raise InvalidInputError(f"distances: expected shape {neighbours.shape[:2]}, got {np.shape(distances)}.")
    if len(names) != len(queries):
        raise InvalidInputError(f"names: expected one per query, {len(queries)}, got {len(names)}.")
    if neighbour_names is not None and np.shape(neighbour_names) != neighbours.shape[:2]:
        raise InvalidInputError(
            f"neighbour_names: expected shape {neighbours.shape[:2]}, got {np.shape(neighbour_names)}."
        )
    queries, neighbours = (x / np.float32(255) if x.dtype == np.uint8 else x for x in (queries, neighbours))
    rows, count = min(len(queries), MAX_ROWS), neighbours.shape[1]
    below, what = CAPTION, "distance"
    if neighbour_names is not None:
        below, what = 2 * CAPTION, "name and distance"
    sheet = Sheet(
        rows,
        1 + count,
        queries[:rows],
        neighbours[:rows],
        event_shape=queries.shape[1:],
        title="The nearest examples",
        note=f"Left: the example. Below the others: their {what}, in standard deviations of the posterior"
        + (f" ({rows} of {len(queries)} shown)." if rows < len(queries) else "."),
        bottom=below,
        row_gaps=[GAP + below] * (rows - 1),
        column_gaps=[4 * GAP, *[GAP] * (count - 1)],
    )
    for row in range(rows):
        caption(sheet.draw(row, 0, queries[row]), "bottom", _end_of(names[row]), color=INK)
        for column in range(count):
            text = f"{distances[row, column]:.3g}"
            if neighbour_names is not None:
                text = f"{_end_of(neighbour_names[row][column])}\n{text}"
            caption(sheet.draw(row, 1 + column, neighbours[row, column]), "bottom", text)
    return sheet.figure


def _end_of(name: str) -> str:
    """Returns the last characters of a name, which tell the files of a folder apart."""
    return name if len(name) <= LONGEST else f"…{name[1 - LONGEST :]}"

"""A grid of small plots of events, for samples, reconstructions, traversals and interpolations.

All events other than images have the same y-range.
"""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import Formatter

from keras_vae.plots.canvas import DPI, FAINT, INK, MARGIN, ORANGE, new_figure
from keras_vae.plots.events import draw_event, is_image
from keras_vae.plots.limits import full_limits

GAP = 0.05
"""Space between adjacent cells in inches."""

MAX_ROWS = 16
"""The maximum number of rows of traversals and interpolations."""

_SHEET_WIDTH = 7.6
_MIN_WIDTH = 4.0


class Sheet:
    """A figure with `rows` by `columns` equal cells, aligned to whole pixels so that small images remain sharp."""

    def __init__(
        self,
        rows: int,
        columns: int,
        *arrays: np.ndarray,
        event_shape: Sequence[int],
        title: str,
        note: str = "",
        left: float = 0.0,
        top: float = 0.0,
        bottom: float = 0.0,
        row_gaps: Sequence[float] | None = None,
        column_gaps: Sequence[float] | None = None,
    ) -> None:
        """Creates the figure and its layout; all lengths are in inches.

        Args:
            rows: number of rows.
            columns: number of columns.
            arrays: all events of the figure, for the common y-range of events other than images.
            event_shape: shape of one event.
            title: heading of the figure.
            note: smaller text below the heading.
            left: space for row labels.
            top: space for column labels.
            bottom: space for captions below the last row.
            row_gaps: space below each row except the last.
            column_gaps: space right of each column except the last.
        """
        self._limits = None
        if not is_image(event_shape):
            self._limits = full_limits(np.concatenate([np.ravel(array) for array in arrays]))
            span = Formatter.fix_minus(f"{self._limits[0]:.3g} to {self._limits[1]:.3g}")
            note = f"{note} Range of each panel: {span}.".strip()
        self._cell = _cell_size(event_shape, (_SHEET_WIDTH - left) / columns)
        lefts = _starts(columns, self._cell[0], column_gaps) + MARGIN + left
        tops = _starts(rows, self._cell[1], row_gaps) + top
        height = tops[-1] + self._cell[1] + bottom + MARGIN
        width = max(lefts[-1] + self._cell[0] + MARGIN, _MIN_WIDTH)
        self.figure = new_figure(float(_snap(width)), height, title=title, note=note)
        self.figure.set_layout_engine("none")
        self._lefts, self._bottoms = lefts, _snap(height) - tops - self._cell[1]

    def draw(self, row: int, column: int, *events: np.ndarray, colors: Sequence[str] = (INK, ORANGE)) -> Axes:
        """Plots `events` into one cell and returns its axes."""
        width, height = self.figure.get_size_inches()
        box = (self._lefts[column] / width, self._bottoms[row] / height, self._cell[0] / width, self._cell[1] / height)
        ax = self.figure.add_axes(box, xticks=[], yticks=[])
        ax.spines[:].set(color=FAINT, linewidth=0.5)
        for event, color in zip(events, colors, strict=False):
            draw_event(ax, event, color=color)
        ax.set(xticks=[], yticks=[])
        if self._limits:
            ax.set_ylim(*self._limits)
        return ax


def _snap(inches: float | np.ndarray) -> np.ndarray:
    return np.asarray(np.round(np.asarray(inches) * DPI) / DPI)


def _starts(count: int, size: float, gaps: Sequence[float] | None) -> np.ndarray:
    gaps = [GAP] * (count - 1) if gaps is None else gaps
    return _snap(np.concatenate([[0.0], np.cumsum(np.asarray(gaps, float) + size)]))


def _cell_size(event_shape: Sequence[int], available: float) -> tuple[float, float]:
    if not is_image(event_shape):
        width = float(np.clip(available - GAP, 0.6, 2.4))
        return float(_snap(width)), float(_snap(0.62 * width))
    target = np.clip(available - GAP, 0.45, 1.6) * DPI
    scale = target / max(event_shape[:2])
    scale = scale if scale < 0.75 else max(round(scale), 1)
    height, width = (max(round(side * scale), 1) / DPI for side in event_shape[:2])
    return width, height

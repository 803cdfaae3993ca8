"""The elements common to all plots: palette, font sizes, figures with a heading, and conversion to files.

All figures use `matplotlib.figure.Figure` and an Agg canvas, without pyplot, a global backend or rcParams. Plots
can therefore be drawn in servers and threads.
"""

import base64
import io
import os
import textwrap
from typing import Any, Literal

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

INK = "#1f2933"
MUTED = "#66727f"
FAINT = "#d3dae1"
BLUE = "#0072b2"
ORANGE = "#d55e00"
"""Blue and orange of the palette of Okabe and Ito, which colour-blind readers can distinguish."""

TITLE, NOTE, LABEL, SMALL = 12.0, 8.5, 8.0, 7.0
"""Font sizes in points."""

DPI = 160
MARGIN = 0.2
"""Margin of every figure in inches."""

_INCHES_PER_POINT = 1 / 72
_ANCHORS = {
    "top": ((0.5, 1.0), (0, 3), "center", "bottom"),
    "bottom": ((0.5, 0.0), (0, -3), "center", "top"),
    "left": ((0.0, 0.5), (-6, 0), "right", "center"),
}


class NotebookFigure(Figure):
    """A figure that notebooks show, although pyplot does not manage it."""

    def _repr_png_(self) -> bytes:
        return to_png(self)


def new_figure(width: float, height: float, *, title: str, note: str = "") -> Figure:
    """Creates a white figure with a heading at the top left and a constrained layout below the heading.

    Args:
        width: width of the figure in inches; the heading wraps to this width.
        height: height of the part below the heading in inches.
        title: a sentence or phrase in bold.
        note: smaller grey text below the title, with units and an explanation of the plot.

    Returns:
        The figure, of size `width` by `height` plus the heading, at `DPI` dots per inch.
    """
    titles = _wrap(title, width, 0.62 * TITLE)
    notes = _wrap(note, width, 0.54 * NOTE)
    title_height = 1.3 * TITLE * len(titles) * _INCHES_PER_POINT
    note_height = 1.35 * NOTE * len(notes) * _INCHES_PER_POINT
    total = round((MARGIN + title_height + note_height + 0.1 + height) * DPI) / DPI
    figure = NotebookFigure(figsize=(width, total), dpi=DPI, facecolor="white", layout="constrained")
    FigureCanvasAgg(figure)
    set_layout(figure, rect=(0.1 / width, 0.08 / total, 1 - 0.2 / width, (height - 0.08) / total))
    style = {"va": "top", "parse_math": False, "linespacing": 1.25}
    top = 1 - 0.8 * MARGIN / total
    figure.text(MARGIN / width, top, "\n".join(titles), size=TITLE, weight="bold", color=INK, **style)
    top -= title_height / total + 0.02 / total
    figure.text(MARGIN / width, top, "\n".join(notes), size=NOTE, color=MUTED, **style)
    return figure


def set_layout(figure: Figure, **options: Any) -> None:
    """Changes options of the constrained layout of a figure of `new_figure`."""
    engine = figure.get_layout_engine()
    if isinstance(engine, ConstrainedLayoutEngine):
        engine.set(**options)


def _wrap(text: str, width: float, points_per_character: float) -> list[str]:
    characters = (width - 2 * MARGIN) / (points_per_character * _INCHES_PER_POINT)
    return textwrap.wrap(text, max(int(characters), 10))


def style_axes(ax: Axes, *, grid: Literal["both", "x", "y"] = "y") -> None:
    """Styles `ax` with two thin spines, small grey tick labels and a faint grid along the axes in `grid`."""
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set(color=FAINT, linewidth=0.8)
    ax.tick_params(colors=MUTED, labelsize=LABEL, length=2.5, width=0.6, color=FAINT)
    ax.grid(axis=grid, color=FAINT, linewidth=0.5, alpha=0.7)
    ax.set_axisbelow(True)


def caption(ax: Axes, side: str, text: str, *, color: str = MUTED, size: float = SMALL, weight: str = "normal") -> None:
    """Writes `text` just outside `ax`, at its "top", "bottom" or "left" side."""
    anchor, offset, ha, va = _ANCHORS[side]
    place = {"xycoords": "axes fraction", "textcoords": "offset points", "xytext": offset, "ha": ha, "va": va}
    ax.annotate(text, anchor, color=color, size=size, weight=weight, parse_math=False, **place)


def to_png(figure: Figure) -> bytes:
    r"""Returns a figure as the bytes of a PNG file, at `DPI` dots per inch.

    Args:
        figure: a Matplotlib figure, such as that of a function of `plots`.

    Example:

    >>> figure = kv.plots.plot_samples(np.zeros((4, 8, 8, 1)))
    >>> to_png(figure)[:4]
    b'\x89PNG'
    """
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DPI)
    return buffer.getvalue()


def to_data_uri(figure: Figure) -> str:
    """Returns a figure as a URL `data:image/png;base64,...`, for the `src` of an HTML `<img>`.

    Args:
        figure: a Matplotlib figure.

    Example:

    >>> to_data_uri(kv.plots.plot_samples(np.zeros((4, 8, 8, 1))))[:26]
    'data:image/png;base64,iVBO'
    """
    return "data:image/png;base64," + base64.b64encode(to_png(figure)).decode("ascii")


def save(figure: Figure, path: str | os.PathLike[str]) -> None:
    """Saves a figure.

    Args:
        figure: a Matplotlib figure.
        path: path of the file; its suffix (`.png`, `.svg`, `.pdf`) selects the format.

    Example:

    >>> save(kv.plots.plot_samples(np.zeros((4, 8, 8, 1))), "samples.svg")
    >>> os.path.getsize("samples.svg") > 1000
    True
    """
    figure.savefig(path, dpi=DPI)

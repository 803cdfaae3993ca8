"""Comparison of several runs, with a panel for each measure."""

import math
from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import Formatter

from keras_vae.errors import InvalidInputError
from keras_vae.plots.canvas import BLUE, INK, LABEL, MUTED, SMALL, new_figure, set_layout, style_axes

DASH = "\N{EN DASH}"
"""The text for a missing value."""

BETTER = ("higher", "lower", "")

_BAR = "#a9c4d6"


def plot_comparison(
    tables: Mapping[str, Mapping[str, float | None]], *, better: Mapping[str, str] | None = None
) -> Figure:
    """Plots a panel for each measure with a bar for each run; the best run is dark blue and bold.

    Each panel compares the runs in one measure; each row shows the strengths and weaknesses of one run. A run with the
    best reconstruction and the worst samples stores more information in the latents than the prior can generate. Bars
    start at 0, so compare the printed numbers if the values are far from 0. A dash is a missing value or NaN.

    Args:
        tables: name of the run -> name of the measure -> value. Use at most about 12 measures.
        better: measure -> `"higher"`, `"lower"`, or `""` if neither is better, which is the default. The best run is
            marked if at least two runs have a finite value.

    Returns:
        The figure, with panels in the order of the first occurrence of the measures.

    Raises:
        InvalidInputError: if there is no run or no measure, if a value is not a number, or if a direction is unknown.

    Example:

    >>> tables = {"beta = 1": {"elbo": -91.2, "fid": 30.1}, "beta = 4": {"elbo": -102.5, "fid": 24.0}}
    >>> figure = plot_comparison(tables, better={"elbo": "higher", "fid": "lower"})
    >>> [ax.get_title(loc="left") for ax in figure.axes]
    ['elbo', 'fid']
    """
    better = better or {}
    for name, direction in better.items():
        if direction not in BETTER:
            raise InvalidInputError(f"better[{name!r}]: expected one of {BETTER}, got {direction!r}.")
    measures = list(dict.fromkeys(name for table in tables.values() for name in table))
    if not measures:
        raise InvalidInputError(f"tables: expected at least one run with one measure, got {dict(tables)}.")
    values = np.array([[_number(run, name, table.get(name)) for run, table in tables.items()] for name in measures])
    columns = min(len(measures), 3)
    rows = math.ceil(len(measures) / columns)
    note = "Dark blue and bold: the best run in the measure." if any(better.get(name) for name in measures) else ""
    if (~np.isfinite(values)).any():
        note += f" {DASH}: no value."
    height = rows * (0.75 + 0.24 * len(tables))
    figure = new_figure((5.4, 7.6, 9.8)[columns - 1], height, title="Comparison of the runs", note=note)
    set_layout(figure, hspace=0.05, wspace=0.03)
    for index, (name, row) in enumerate(zip(measures, values, strict=True)):
        ax = figure.add_subplot(rows, columns, index + 1)
        _draw_panel(ax, row, better.get(name, ""))
        _write_title(ax, name, better.get(name, ""))
        names = [shorten(run, 30) for run in tables] if index % columns == 0 else []
        ax.set_yticks(range(len(names)), names, parse_math=False)
        ax.tick_params(axis="y", length=0, labelcolor=INK)
    return figure


def _number(run: str, measure: str, value: float | None) -> float:
    try:
        return math.nan if value is None else float(value)
    except (TypeError, ValueError):
        raise InvalidInputError(f"tables[{run!r}][{measure!r}]: expected a number or None, got {value!r}.") from None


def _draw_panel(ax: Axes, values: np.ndarray, direction: str) -> None:
    style_axes(ax)
    ax.grid(False)
    finite = np.isfinite(values)
    best = np.zeros(len(values), bool)
    if direction and finite.sum() > 1:
        best = values == (values[finite].max() if direction == "higher" else values[finite].min())
    widths = np.where(finite, values, 0.0)
    low, high = min(widths.min(), 0.0), max(widths.max(), 0.0)
    span = (high - low) or 1.0
    ax.barh(range(len(values)), widths, height=0.68, color=np.where(best, BLUE, _BAR), linewidth=0)
    for row, value in enumerate(values):
        style = {"weight": "bold" if best[row] else "normal", "color": INK if finite[row] else MUTED, "size": LABEL}
        place = {"xytext": (3, 0), "textcoords": "offset points", "va": "center"}
        ax.annotate(format_value(value), (max(widths[row], 0.0), row), annotation_clip=False, **style, **place)
    ax.axvline(0, color=MUTED, linewidth=0.6)
    ax.set_xlim(low, high + 0.42 * span)
    ax.set_ylim(len(values) - 0.5, -0.5)
    ax.set_xticks([])
    ax.spines[["bottom", "left"]].set_visible(False)


def _write_title(ax: Axes, name: str, direction: str) -> None:
    title = {"size": 9, "weight": "bold", "color": INK, "parse_math": False, "pad": 15 if direction else 4}
    ax.set_title(shorten(name.replace("_", " "), 34), loc="left", **title)
    if direction:
        ax.text(0, 1.0, f"{direction} is better\n", color=MUTED, size=SMALL, va="center", transform=ax.transAxes)


def shorten(name: object, max_length: int) -> str:
    """Shortens `name` to one line of at most `max_length` characters by omitting its middle.

    >>> shorten("convolutional", 9), shorten("short", 9)
    ('conv…onal', 'short')
    """
    text = " ".join(str(name).split())
    if len(text) <= max_length:
        return text
    head_length = max_length // 2
    return f"{text[:head_length]}…{text[len(text) - (max_length - head_length - 1) :]}"


def format_value(value: float) -> str:
    """Formats a number for display: integers in full, other numbers with up to four digits, NaN as a dash.

    >>> format_value(12345), format_value(0.98765), format_value(1234.5678), format_value(2.5)
    ('12,345', '0.9877', '1,235', '2.5')
    """
    if math.isnan(value):
        return DASH
    if math.isinf(value):
        text = "∞" if value > 0 else "-∞"
    elif isinstance(value, (int, np.integer)) or value == 0:
        text = f"{int(value):,}"
    elif not 1e-4 <= abs(value) < 1e7:
        text = f"{value:.2e}"
    else:
        text = f"{value:,.{max(3 - math.floor(math.log10(abs(value))), 0)}f}"
        text = text.rstrip("0").rstrip(".") if "." in text else text
    return Formatter.fix_minus(text)

"""Which dimension of the code tells of which factor."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from keras_vae.errors import InvalidInputError
from keras_vae.plots.canvas import BLUE, FAINT, INK, LABEL, MUTED, SMALL, new_figure, style_axes
from keras_vae.plots.comparison import DASH, format_value, shorten

DEAD = 0.01
"""A dimension is dead if its greatest value is below this share of the greatest of the matrix."""

MOST_ROWS = 48
"""At most this many dimensions are drawn, those with the greatest values."""

_WRITTEN = (16, 12)
_SHADES = LinearSegmentedColormap.from_list("white to blue", ["white", BLUE]).with_extremes(bad="#e6eaee")


def plot_factor_matrix(
    matrix: np.ndarray,
    *,
    factor_names: Sequence[str],
    title: str = "Which dimension tells of which factor",
    note: str = "",
) -> Figure:
    """Draw importances or mutual information of code dimensions (rows) and factors (columns) as a heat map.

    In a disentangled code every row has one dark cell and every column has one: the picture is a dark diagonal. A row
    with several dark cells mixes factors; a column with several dark cells is a factor spread over dimensions; a
    column without one is a factor that the code has lost. Grey names are dead dimensions: they tell of no factor.

    Args:
        matrix: `(D, K)`, zero or more, of dimension d for factor k: an importance, or nats of mutual information.
        factor_names: the K names.
        title: the heading.
        note: what the values are, and their unit.

    Returns:
        The figure. Rows are sorted by the factor that they tell most of, then by how much; dead ones come last. The
        values are written into up to 16 x 12 cells; values that are not finite are grey with a dash.

    Raises:
        InvalidInputError: if `matrix` is no matrix of numbers, or there is not one name a factor.

    Example:

    >>> figure = plot_factor_matrix([[0.0, 0.9], [0.8, 0.1]], factor_names=["shape", "scale"])
    >>> [word.get_text() for word in figure.axes[0].get_yticklabels()]
    ['z1', 'z0']

    Reference: Eastwood and Williams, 2018, https://openreview.net/forum?id=By-7dz-AZ
    """
    matrix = as_matrix("matrix", matrix, "D", "K")
    if isinstance(factor_names, str) or len(factor_names) != matrix.shape[1]:
        got = repr(factor_names) if isinstance(factor_names, str) else len(factor_names)
        raise InvalidInputError(f"factor_names: expected {matrix.shape[1]} names, one a column of matrix, got {got}.")
    values = np.where(np.isfinite(matrix), matrix, np.nan)
    order, dead = _order(np.nan_to_num(values))
    note = " ".join([note.strip(), *_remarks(values, order, dead)]).strip()
    rows, factors = len(order), matrix.shape[1]
    width = float(np.clip(1.8 + 0.62 * factors, 4.4, 9.8))
    figure = new_figure(width, 1.1 + (0.27 if rows <= _WRITTEN[0] else 0.17) * rows, title=title, note=note)
    ax = figure.add_subplot()
    style_axes(ax)
    ax.grid(False)
    top = float(np.nanmax(values)) if np.isfinite(values).any() else 0.0
    image = ax.imshow(values[order], cmap=_SHADES, vmin=0, vmax=top if top > 0 else 1.0, aspect="auto")
    ax.set_yticks(range(rows), [f"z{index}" for index in order])
    for word, index in zip(ax.get_yticklabels(), order, strict=True):
        word.set_color(MUTED if dead[index] else INK)
        word.set_alpha(0.6 if dead[index] else 1.0)
    if dead[order].any():
        ax.axhspan(rows - dead[order].sum() - 0.5, rows - 0.5, color=MUTED, alpha=0.12, linewidth=0)
    slanted = max(len(str(name)) for name in factor_names) > 8 or factors > 12
    slant = {"rotation": 35, "ha": "right", "rotation_mode": "anchor"} if slanted else {}
    ax.set_xticks(range(factors), [shorten(name, 22) for name in factor_names], parse_math=False, color=INK, **slant)
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    ax.set_ylabel("dimension of the code", size=LABEL, color=MUTED)
    if rows <= _WRITTEN[0] and factors <= _WRITTEN[1]:
        _write_values(ax, values[order], top)
    else:
        bar = figure.colorbar(image, ax=ax, shrink=min(1.0, 12 / rows + 0.3), pad=0.02)
        bar.ax.tick_params(colors=MUTED, labelsize=LABEL, length=2.5, color=FAINT)
        bar.outline.set_visible(False)
    return figure


def _order(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The rows to draw, by the factor that each tells most of, dead ones last; and which rows are dead."""
    peaks = values.max(axis=1)
    dead = peaks <= DEAD * max(peaks.max(), 0.0)
    shown = np.sort(np.argsort(-peaks, kind="stable")[:MOST_ROWS])
    keys = np.lexsort((-peaks[shown], values[shown].argmax(axis=1), dead[shown]))
    return shown[keys], dead


def _remarks(values: np.ndarray, order: np.ndarray, dead: np.ndarray) -> list[str]:
    broken = int(np.isnan(values).sum())
    remarks = {
        f"Grey, telling of no factor: {dead.sum()} of {len(values)} dimensions.": dead.any(),
        f"{len(order)} of {len(values)} dimensions are shown, those with the greatest values.": len(order)
        < len(values),
        f"{broken} value{'s are' if broken > 1 else ' is'} not finite.": broken,
    }
    return [remark for remark, holds in remarks.items() if holds]


def _write_values(ax: Axes, values: np.ndarray, top: float) -> None:
    for (row, column), value in np.ndenumerate(values):
        words = DASH if np.isnan(value) else f"{value:.2f}" if abs(value) < 100 else format_value(value)
        color = "white" if value > 0.55 * top > 0 else INK
        ax.text(column, row, words, ha="center", va="center", size=SMALL, color=color)


def as_matrix(part: str, array: np.ndarray, *axes: str) -> np.ndarray:
    """`array` as floats; raises `InvalidInputError` if it is no non-empty array of numbers with these `axes`."""
    array = np.asarray(array)
    if array.dtype.kind not in "biuf" or array.ndim != len(axes) or array.size == 0:
        expected = ", ".join(axes)
        got = f"{array.dtype} of shape {array.shape}"
        raise InvalidInputError(f"{part}: expected a non-empty array of numbers ({expected}), got {got}.")
    return array.astype(float)

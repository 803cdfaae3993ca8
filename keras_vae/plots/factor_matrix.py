"""Heat map of latent dimensions and factors of variation."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from keras_vae.errors import InvalidInputError
from keras_vae.plots.canvas import BLUE, FAINT, INK, LABEL, MUTED, SMALL, new_figure, style_axes
from keras_vae.plots.comparison import DASH, format_value, shorten

DEAD = 0.01
"""A dimension is dead if its maximum is at most this fraction of the maximum of the matrix."""

MAX_ROWS = 48
"""The maximum number of dimensions in the plot; those with the largest values are kept."""

_MAX_ANNOTATED = (16, 12)
_SHADES = LinearSegmentedColormap.from_list("white to blue", ["white", BLUE]).with_extremes(bad="#e6eaee")


def plot_factor_matrix(
    matrix: np.ndarray,
    *,
    factor_names: Sequence[str],
    title: str = "Latent dimensions and factors",
    note: str = "",
) -> Figure:
    """Plots importances or mutual information of latent dimensions (rows) and factors (columns) as a heat map.

    In a disentangled representation, every row and every column has exactly one dark cell, so that the plot shows a
    dark diagonal. A row with several dark cells is a dimension that mixes factors. A column with several dark cells is
    a factor that several dimensions encode. A column without a dark cell is a factor that the latents do not encode.
    Dead dimensions, which encode no factor, have grey names.

    Args:
        matrix: `(D, K)` numbers of 0 or more, for dimension d and factor k: an importance, or mutual information in
            nats.
        factor_names: the K names of the factors.
        title: heading of the figure.
        note: description and unit of the values.

    Returns:
        The figure. The rows are sorted by their strongest factor, then by its value; dead dimensions are last. The
        cells of matrices of up to 16 x 12 show their values; values that are not finite are grey with a dash.

    Raises:
        InvalidInputError: if `matrix` is not a matrix of numbers, or if there is not one name per factor.

    Example:

    >>> figure = plot_factor_matrix([[0.0, 0.9], [0.8, 0.1]], factor_names=["shape", "scale"])
    >>> [word.get_text() for word in figure.axes[0].get_yticklabels()]
    ['z1', 'z0']

    Reference: Eastwood and Williams, 2018, https://openreview.net/forum?id=By-7dz-AZ
    """
    matrix = as_matrix("matrix", matrix, "D", "K")
    if isinstance(factor_names, str) or len(factor_names) != matrix.shape[1]:
        got = repr(factor_names) if isinstance(factor_names, str) else len(factor_names)
        raise InvalidInputError(f"factor_names: expected {matrix.shape[1]} names, one per column of matrix, got {got}.")
    values = np.where(np.isfinite(matrix), matrix, np.nan)
    order, dead = _order(np.nan_to_num(values))
    note = " ".join([note.strip(), *_remarks(values, order, dead)]).strip()
    rows, factors = len(order), matrix.shape[1]
    width = float(np.clip(1.8 + 0.62 * factors, 4.4, 9.8))
    figure = new_figure(width, 1.1 + (0.27 if rows <= _MAX_ANNOTATED[0] else 0.17) * rows, title=title, note=note)
    ax = figure.add_subplot()
    style_axes(ax)
    ax.grid(False)
    top = float(np.nanmax(values)) if np.isfinite(values).any() else 0.0
    image = ax.imshow(values[order], cmap=_SHADES, vmin=0, vmax=top if top > 0 else 1.0, aspect="auto")
    ax.set_yticks(range(rows), [f"z{index}" for index in order])
    for label, index in zip(ax.get_yticklabels(), order, strict=True):
        label.set_color(MUTED if dead[index] else INK)
        label.set_alpha(0.6 if dead[index] else 1.0)
    if dead[order].any():
        ax.axhspan(rows - dead[order].sum() - 0.5, rows - 0.5, color=MUTED, alpha=0.12, linewidth=0)
    is_rotated = max(len(str(name)) for name in factor_names) > 8 or factors > 12
    rotation = {"rotation": 35, "ha": "right", "rotation_mode": "anchor"} if is_rotated else {}
    ax.set_xticks(range(factors), [shorten(name, 22) for name in factor_names], parse_math=False, color=INK, **rotation)
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    ax.set_ylabel("latent dimension", size=LABEL, color=MUTED)
    if rows <= _MAX_ANNOTATED[0] and factors <= _MAX_ANNOTATED[1]:
        _write_values(ax, values[order], top)
    else:
        bar = figure.colorbar(image, ax=ax, shrink=min(1.0, 12 / rows + 0.3), pad=0.02)
        bar.ax.tick_params(colors=MUTED, labelsize=LABEL, length=2.5, color=FAINT)
        bar.outline.set_visible(False)
    return figure


def _order(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns the rows to plot, sorted by their strongest factor with dead rows last, and which rows are dead."""
    peaks = values.max(axis=1)
    dead = peaks <= DEAD * max(peaks.max(), 0.0)
    strongest = np.sort(np.argsort(-peaks, kind="stable")[:MAX_ROWS])
    keys = np.lexsort((-peaks[strongest], values[strongest].argmax(axis=1), dead[strongest]))
    return strongest[keys], dead


def _remarks(values: np.ndarray, order: np.ndarray, dead: np.ndarray) -> list[str]:
    not_finite = int(np.isnan(values).sum())
    remarks = {
        f"Grey, dead: {dead.sum()} of {len(values)} dimensions.": dead.any(),
        f"Shown: the {len(order)} of {len(values)} dimensions with the largest values.": len(order) < len(values),
        f"{not_finite} value{'s are' if not_finite > 1 else ' is'} not finite.": not_finite,
    }
    return [remark for remark, applies in remarks.items() if applies]


def _write_values(ax: Axes, values: np.ndarray, top: float) -> None:
    for (row, column), value in np.ndenumerate(values):
        text = DASH if np.isnan(value) else f"{value:.2f}" if abs(value) < 100 else format_value(value)
        color = "white" if value > 0.55 * top > 0 else INK
        ax.text(column, row, text, ha="center", va="center", size=SMALL, color=color)


def as_matrix(part: str, array: np.ndarray, *axes: str) -> np.ndarray:
    """Converts `array` to floats; raises `InvalidInputError` unless it has numbers, these `axes` and no empty axis."""
    array = np.asarray(array)
    if array.dtype.kind not in "biuf" or array.ndim != len(axes) or array.size == 0:
        expected = ", ".join(axes)
        got = f"{array.dtype} of shape {array.shape}"
        raise InvalidInputError(f"{part}: expected a non-empty array of numbers ({expected}), got {got}.")
    return array.astype(float)

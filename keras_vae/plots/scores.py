"""Scores between 0 and 1 of groups of models, over seeds."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from keras_vae.errors import InvalidInputError
from keras_vae.plots.canvas import FAINT, INK, LABEL, new_figure, style_axes
from keras_vae.plots.classes import class_colors
from keras_vae.plots.comparison import shorten


def plot_scores(scores: Mapping[str, Mapping[str, Sequence[float]]]) -> Figure:
    """Draw one row a score: for each group of models the median over seeds as a dot, and its range as a line.

    Compare the dots of a row, but trust a difference only where the lines do not overlap: for disentanglement the
    seed often matters more than the objective. A group that leads in one row and trails in another says that the two
    scores measure different things.

    Args:
        scores: group -> name of the score -> values over seeds, 0 to 1. A score that a group lacks is left empty.

    Returns:
        The figure, its rows in the order in which the scores first occur. Values that are not finite are left out, and
        values outside 0 to 1 are drawn at the edge; the note counts both.

    Raises:
        InvalidInputError: if there is no group or no score, or the values of one are no vector of numbers.

    Example:

    >>> figure = plot_scores({"beta-VAE": {"MIG": [0.1, 0.3, 0.2]}, "FactorVAE": {"MIG": [0.2, 0.4, 0.5]}})
    >>> [float(dots.get_offsets()[0, 0]) for dots in figure.axes[0].collections]
    [0.2, 0.4]

    Reference: Locatello et al., 2019, https://arxiv.org/abs/1811.12359
    """
    names = list(dict.fromkeys(name for each in scores.values() for name in each))
    if not names:
        raise InvalidInputError(f"scores: expected at least one group with one score, got {dict(scores)}.")
    values = {group: {name: _values(group, name, each[name]) for name in each} for group, each in scores.items()}
    everything = np.concatenate([one for each in values.values() for one in each.values()])
    known = everything[np.isfinite(everything)]
    broken, outside = len(everything) - len(known), int(((known < 0) | (known > 1)).sum())
    note = "Dot: median over seeds. Line: least to greatest."
    note += f" {broken} not finite left out." if broken else ""
    note += f" {outside} outside 0 to 1, drawn at the edge." if outside else ""

    height = 0.55 + len(names) * (0.16 + 0.15 * len(scores))
    figure = new_figure(7.2, height, title="Scores over seeds", note=note)
    ax = figure.add_subplot()
    style_axes(ax, grid="x")
    colors = class_colors(len(scores))
    offsets = (np.arange(len(scores)) - (len(scores) - 1) / 2) * 0.7 / len(scores)
    for (_, each), color, offset in zip(values.items(), colors, offsets, strict=True):
        _draw_group(ax, names, each, color, offset)
    for row in range(1, len(names)):
        ax.axhline(row - 0.5, color=FAINT, linewidth=0.5)
    ax.set_yticks(range(len(names)), [shorten(name.replace("_", " "), 34) for name in names], parse_math=False)
    ax.tick_params(axis="y", length=0, labelcolor=INK)
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.set_xlim(-0.02, 1.02)
    ax.set_xticks(np.linspace(0, 1, 6))
    handles = [Line2D([], [], marker="o", linewidth=1.4, markersize=5, color=color) for color in colors]
    style = {"fontsize": LABEL, "labelcolor": INK, "frameon": False, "handlelength": 1.6}
    legend = ax.legend(
        handles, [shorten(group, 26) for group in scores], loc="upper left", bbox_to_anchor=(1, 1), **style
    )
    for text in legend.get_texts():
        text.set_parse_math(False)
    return figure


def _values(group: str, name: str, values: Sequence[float]) -> np.ndarray:
    values = np.atleast_1d(np.asarray(values))
    if values.ndim != 1 or (values.size and values.dtype.kind not in "biuf"):
        got = f"{values.dtype} of shape {values.shape}"
        raise InvalidInputError(f"scores[{group!r}][{name!r}]: expected a vector of numbers, one a seed, got {got}.")
    return values.astype(float)


def _draw_group(ax: Axes, names: Sequence[str], values: Mapping[str, np.ndarray], color: str, offset: float) -> None:
    dots = []
    for row, name in enumerate(names):
        finite = values.get(name, np.empty(0))
        finite = np.clip(finite[np.isfinite(finite)], 0, 1)
        if finite.size:
            ax.plot(
                [finite.min(), finite.max()], [row + offset] * 2, color=color, linewidth=1.4, solid_capstyle="round"
            )
            dots.append((np.median(finite), row + offset))
    ax.scatter(*np.reshape(dots, (-1, 2)).T, s=26, color=color, zorder=3, clip_on=False)

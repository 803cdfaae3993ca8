"""Plots scores between 0 and 1 for groups of models over several seeds."""

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
    """Plots a row for each score, with the median over seeds as a dot and the range as a line for each group of models.

    Compare the dots in a row, but trust a difference only if the lines do not overlap: the disentanglement often
    depends more on the seed than on the objective. If a group is best in one score and worst in another, the two
    scores measure different properties.

    Args:
        scores: group -> name of the score -> values over seeds, 0 to 1. A group may lack a score.

    Returns:
        The figure, with rows in the order of the first occurrence of the scores. Values that are not finite are left
        out, and values outside 0 to 1 are plotted at the edge; the note states their numbers.

    Raises:
        InvalidInputError: if there is no group or no score, or if the values of a score are not a vector of numbers.

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
    all_values = np.concatenate([one for each in values.values() for one in each.values()])
    finite_values = all_values[np.isfinite(all_values)]
    not_finite, outside = len(all_values) - len(finite_values), int(((finite_values < 0) | (finite_values > 1)).sum())
    note = "Dot: median over seeds. Line: minimum to maximum."
    note += f" {not_finite} values are not finite and left out." if not_finite else ""
    note += f" {outside} values outside 0 to 1 are at the edge." if outside else ""

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
    vector = np.atleast_1d(np.asarray(values))
    if vector.ndim != 1 or (vector.size and vector.dtype.kind not in "biuf"):
        got = f"{vector.dtype} of shape {vector.shape}"
        raise InvalidInputError(f"scores[{group!r}][{name!r}]: expected a vector of numbers, one per seed, got {got}.")
    return vector.astype(float)


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

"""How evenly the data change along paths through the latent space."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from keras_vae.errors import InvalidInputError
from keras_vae.plots.canvas import BLUE, INK, LABEL, MUTED, ORANGE, new_figure, style_axes
from keras_vae.plots.comparison import format_value
from keras_vae.plots.factor_matrix import as_matrix

BAND = (0.1, 0.9)
"""The band holds the paths between these quantiles."""


def plot_path_lengths(steps: np.ndarray, *, distance_name: str = "distance") -> Figure:
    """Draw how far apart successive images on interpolation paths are: the mean over paths, step by step.

    An even path changes as much with every step: the line stays near the dashed one. A spike is a jump, where the
    path crosses from one kind of image to another or through a hole; a flat line near 0 is a stretch where the
    decoder ignores the code. A band much wider than the line is far from even is single paths that jump.

    Args:
        steps: `(P, S)`, distance between image s and image s + 1 of path p, zero or more.
        distance_name: what the distance is, with its unit, such as "root mean squared difference".

    Returns:
        The figure: the mean as a line, the band from the 10 % to the 90 % quantile of the paths, and the even step,
        the mean over all steps, dashed. Steps that are not finite are left out and counted in the note.

    Raises:
        InvalidInputError: if `steps` is no matrix of distances, or none of them is finite.

    Example:

    >>> plot_path_lengths([[1.0, 4.0, 1.0], [1.0, 6.0, 1.0]]).texts[0].get_text()
    'The greatest step is 2.1 times the even step'
    """
    steps = as_matrix("steps", steps, "P", "S")
    known = np.isfinite(steps)
    if not known.any() or (steps[known] < 0).any():
        got = "a negative one" if known.any() else "none that is finite"
        raise InvalidInputError(f"steps: expected distances of zero or more, got {got}.")
    paths, length = steps.shape
    even = float(steps[known].mean())
    drawn = np.flatnonzero(known.any(axis=0))
    columns = [steps[known[:, step], step] for step in drawn]
    means = np.full(length, np.nan)
    means[drawn] = [column.mean() for column in columns]
    lower, upper = np.full((2, length), np.nan)
    lower[drawn], upper[drawn] = np.transpose([np.quantile(column, BAND) for column in columns])

    title = "Nothing changes along the paths"
    if even > 0:
        title = f"The greatest step is {np.nanmax(means) / even:.1f} times the even step"
    figure = new_figure(6.4, 2.9, title=title, note=_note(steps, known))
    ax = figure.add_subplot()
    style_axes(ax)
    numbers = np.arange(1, length + 1)
    if paths > 1:
        ax.fill_between(numbers, lower, upper, color=BLUE, alpha=0.16, linewidth=0)
    ax.axhline(even, color=ORANGE, linewidth=1.0, linestyle=(0, (4, 3)))
    ax.plot(numbers, means, color=BLUE, linewidth=1.6, marker="o", markersize=3.5 if length <= 40 else 0.0)
    anchor = {"xycoords": ("axes fraction", "data"), "xytext": (4, 0), "textcoords": "offset points", "va": "center"}
    ax.annotate(f"even step\n{format_value(even)}", (1, even), color=ORANGE, size=LABEL, **anchor)
    top = max(np.nanmax(upper), np.nanmax(means))
    ax.set_ylim(0, 1.08 * top if top > 0 else 1.0)
    ax.set_xlim(0.6, length + 0.4)
    ax.xaxis.set_major_locator(MaxNLocator(10, integer=True, min_n_ticks=1))
    ax.yaxis.set_major_locator(MaxNLocator(5, steps=(1, 2, 5, 10)))
    ax.set_xlabel("step along the path", size=LABEL, color=MUTED)
    ax.set_ylabel(distance_name, size=LABEL, color=INK, parse_math=False, wrap=True)
    return figure


def _note(steps: np.ndarray, known: np.ndarray) -> str:
    """How many paths there are, how much a typical one jumps, and what was left out."""
    paths = len(steps)
    note = f"Mean of {paths:,} path{'s' * (paths > 1)}"
    note += f"; the band holds those from {BAND[0]:.0%} to {BAND[1]:.0%}." if paths > 1 else "."
    safe = np.where(known, steps, 0.0)
    own_means = safe.sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    moving = own_means > 0
    if moving.any():
        jump = np.median(safe.max(axis=1)[moving] / own_means[moving])
        note += f" Within a path, the greatest step is typically {jump:.1f} times its mean."
    broken = int((~known).sum())
    return note + (f" {broken:,} not finite left out." if broken else "")

"""Plots the change of the data along paths through the latent space."""

import textwrap

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from keras_vae.errors import InvalidInputError
from keras_vae.plots.canvas import BLUE, INK, LABEL, MUTED, ORANGE, new_figure, style_axes
from keras_vae.plots.comparison import format_value
from keras_vae.plots.factor_matrix import as_matrix

BAND = (0.1, 0.9)
"""The quantiles of the paths at the edges of the band."""

LINE = 30
"""Number of characters of a line of the label of the vertical axis, which is short."""


def plot_path_lengths(steps: np.ndarray, *, distance_name: str = "distance") -> Figure:
    """Plots the distance between successive images on interpolation paths, as the mean over paths for each step.

    On an even path every step changes the image by the same distance, and the line is near the dashed line. A spike is
    a jump from one kind of image to another, or through a hole. In a flat part near 0 the decoder ignores the latents.
    A wide band with an even line means that individual paths jump.

    Args:
        steps: `(P, S)`, distance between image s and image s + 1 of path p, 0 or more.
        distance_name: name of the distance with its unit, such as "root mean squared difference".

    Returns:
        The figure, with the mean as a line, a band from the 10 % to the 90 % quantile of the paths, and a dashed line
        at the even step, the mean over all steps. Steps that are not finite are left out; the note states their
        number.

    Raises:
        InvalidInputError: if `steps` is not a matrix of distances, or if no distance is finite.

    Example:

    >>> plot_path_lengths([[1.0, 4.0, 1.0], [1.0, 6.0, 1.0]]).texts[0].get_text()
    'The largest step is 2.1 times the even step'
    """
    steps = as_matrix("steps", steps, "P", "S")
    finite = np.isfinite(steps)
    if not finite.any() or (steps[finite] < 0).any():
        got = "a negative distance" if finite.any() else "no finite distance"
        raise InvalidInputError(f"steps: expected finite distances of 0 or more, got {got}.")
    paths, length = steps.shape
    even_step = float(steps[finite].mean())
    finite_steps = np.flatnonzero(finite.any(axis=0))
    columns = [steps[finite[:, step], step] for step in finite_steps]
    means = np.full(length, np.nan)
    means[finite_steps] = [column.mean() for column in columns]
    lower, upper = np.full((2, length), np.nan)
    lower[finite_steps], upper[finite_steps] = np.transpose([np.quantile(column, BAND) for column in columns])

    title = "The images do not change along the paths"
    if even_step > 0:
        title = f"The largest step is {np.nanmax(means) / even_step:.1f} times the even step"
    figure = new_figure(6.4, 2.9, title=title, note=_note(steps, finite))
    ax = figure.add_subplot()
    style_axes(ax)
    numbers = np.arange(1, length + 1)
    if paths > 1:
        ax.fill_between(numbers, lower, upper, color=BLUE, alpha=0.16, linewidth=0)
    ax.axhline(even_step, color=ORANGE, linewidth=1.0, linestyle=(0, (4, 3)))
    ax.plot(numbers, means, color=BLUE, linewidth=1.6, marker="o", markersize=3.5 if length <= 40 else 0.0)
    anchor = {"xycoords": ("axes fraction", "data"), "xytext": (4, 0), "textcoords": "offset points", "va": "center"}
    ax.annotate(f"even step\n{format_value(even_step)}", (1, even_step), color=ORANGE, size=LABEL, **anchor)
    top = max(np.nanmax(upper), np.nanmax(means))
    ax.set_ylim(0, 1.08 * top if top > 0 else 1.0)
    ax.set_xlim(0.6, length + 0.4)
    ax.xaxis.set_major_locator(MaxNLocator(10, integer=True, min_n_ticks=1))
    ax.yaxis.set_major_locator(MaxNLocator(5, steps=(1, 2, 5, 10)))
    ax.set_xlabel("step along the path", size=LABEL, color=MUTED)
    ax.set_ylabel(textwrap.fill(distance_name, LINE), size=LABEL, color=INK, parse_math=False, wrap=True)
    return figure


def _note(steps: np.ndarray, finite: np.ndarray) -> str:
    """Returns the number of paths, the size of a typical jump, and the number of steps that are left out."""
    paths = len(steps)
    note = f"Mean of {paths:,} path{'s' * (paths > 1)}"
    note += f"; band: {BAND[0]:.0%} to {BAND[1]:.0%} quantile of the paths." if paths > 1 else "."
    finite_values = np.where(finite, steps, 0.0)
    path_means = finite_values.sum(axis=1) / np.maximum(finite.sum(axis=1), 1)
    is_moving = path_means > 0
    if is_moving.any():
        jump = np.median(finite_values.max(axis=1)[is_moving] / path_means[is_moving])
        note += f" Within a path, the largest step is typically {jump:.1f} times the mean step."
    not_finite = int((~finite).sum())
    return note + (f" {not_finite:,} steps are not finite and left out." if not_finite else "")

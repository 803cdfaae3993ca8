"""Plots what the directions of attributes change."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import Formatter

from keras_vae.errors import InvalidInputError
from keras_vae.plots.canvas import INK, LABEL, caption
from keras_vae.plots.events import as_events
from keras_vae.plots.sheet import MAX_ROWS, Sheet

LONGEST = 12
"""The number of characters of a name."""


def plot_directions(images: np.ndarray, amounts: np.ndarray, *, names: Sequence[str], auroc: np.ndarray) -> Figure:
    """Plots a row for each attribute: the decoded latents from without the attribute to more than it.

    Args:
        images: (K, steps, *event) decoded images; at most 16 attributes are plotted.
        amounts: (steps,) multiples of the direction, which are printed above the columns.
        names: K names of the attributes.
        auroc: (K,) how well the projection on the direction separates examples, printed beside the names.

    Raises:
        InvalidInputError: if the shapes do not match.

    Example:

    >>> images = np.zeros((1, 5, 8, 8, 1))  # one attribute in five steps
    >>> figure = plot_directions(images, np.linspace(-2, 2, 5), names=["smiling"], auroc=np.array([0.9]))
    >>> len(figure.axes)
    5
    """
    images = as_events("images", images, "K", "steps")
    attributes, steps = images.shape[:2]
    if np.shape(amounts) != (steps,):
        raise InvalidInputError(f"amounts: expected shape ({steps},), one per step, got {np.shape(amounts)}.")
    for part, values in (("names", names), ("auroc", auroc)):
        if len(values) != attributes:
            raise InvalidInputError(f"{part}: expected one per attribute, {attributes}, got {len(values)}.")
    rows = min(attributes, MAX_ROWS)
    note = "From left to right, the mean latent moves along the difference between examples with and without the label"
    sheet = Sheet(
        rows,
        steps,
        images[:rows],
        event_shape=images.shape[2:],
        title="What each label changes",
        note=f"{note} ({rows} of {attributes} shown)." if rows < attributes else f"{note}.",
        left=1.05,
        top=0.2,
    )
    for row in range(rows):
        for step in range(steps):
            ax = sheet.draw(row, step, images[row, step])
            if row == 0:
                caption(ax, "top", Formatter.fix_minus(f"{amounts[step]:+.3g}") if amounts[step] else "0")
            if step == 0:
                name = str(names[row])
                name = name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"
                caption(ax, "left", f"{name}\nAUROC {auroc[row]:.2f}", color=INK, size=LABEL)
    return sheet.figure

"""Plots traversals of the latent dimensions."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import Formatter

from keras_vae.errors import InvalidInputError
from keras_vae.plots.canvas import INK, LABEL, caption
from keras_vae.plots.events import as_events
from keras_vae.plots.sheet import MAX_ROWS, Sheet


def plot_traversals(
    images: np.ndarray,
    values: np.ndarray,
    *,
    kl: np.ndarray | None = None,
    dimensions: Sequence[int] | np.ndarray | None = None,
    total: int | None = None,
) -> Figure:
    """Plots a row for each latent dimension: the mean of the decoder while only this dimension varies over `values`.

    In a good model, a row with a large KL changes one interpretable factor smoothly from left to right, and a row with
    a KL near 0 does not change. If several rows change the same factor, several dimensions share this factor.

    Args:
        images: (R, steps, *event) decoded images, a row for each dimension; at most 16 are plotted.
        values: (steps,) values of the dimension, which are printed above the columns.
        kl: (D,) KL of each latent dimension in nats, to sort the rows in descending order.
        dimensions: (R,) indices of the dimensions of the rows. None is 0, 1, ...
        total: D, for the note on dimensions that are not shown. None is the length of `kl`, or else R.

    Raises:
        InvalidInputError: if `values`, `kl` or `dimensions` do not match `images`.

    Example:

    >>> values = np.linspace(-2, 2, 5)
    >>> images = kv.from_preset("vae_digits").traverse(values=values)  # all dimensions, around the mean of the prior
    >>> figure = plot_traversals(images, values)
    >>> len(figure.axes)
    40
    """
    images = as_events("images", images, "R", "steps")
    rows, steps = images.shape[:2]
    own = np.arange(rows) if dimensions is None else np.asarray(dimensions)
    if own.shape != (rows,):
        raise InvalidInputError(f"dimensions: expected shape ({rows},), one per row, got {own.shape}.")
    if np.shape(values) != (steps,):
        raise InvalidInputError(f"values: expected shape ({steps},), one per step, got {np.shape(values)}.")
    if kl is not None and (np.ndim(kl) != 1 or (len(kl) != rows if dimensions is None else len(kl) <= own.max())):
        raise InvalidInputError(f"kl: expected shape ({rows},), one number per dimension, got {np.shape(kl)}.")

    order = np.arange(rows) if kl is None else np.argsort(-np.asarray(kl, float)[own], kind="stable")
    selected_rows = order[:MAX_ROWS]
    note = "Each row varies one latent dimension and keeps the others fixed"
    if kl is not None:
        note += "; largest KL first"
    of = total or (rows if kl is None else len(kl))
    if len(selected_rows) < of:
        note += f" ({len(selected_rows)} of {of} shown)"
    sheet = Sheet(
        len(selected_rows),
        steps,
        images[selected_rows],
        event_shape=images.shape[2:],
        title="What each latent dimension changes",
        note=f"{note}.",
        left=0.4 if kl is None else 0.95,
        top=0.2,
    )
    for row, index in enumerate(selected_rows):
        for step in range(steps):
            ax = sheet.draw(row, step, images[index, step])
            if row == 0:
                caption(ax, "top", Formatter.fix_minus(f"{values[step]:+.3g}") if values[step] else "0")
            if step == 0:
                name = f"z{own[index]}"
                caption(ax, "left", name if kl is None else f"{name}\n{kl[own[index]]:.2f} nats", color=INK, size=LABEL)
    return sheet.figure

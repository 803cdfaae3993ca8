"""What each latent dimension does: decodes along one axis at a time."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import Formatter

from keras_vae.errors import InvalidInputError
from keras_vae.plots.canvas import INK, LABEL, caption
from keras_vae.plots.events import as_events
from keras_vae.plots.sheet import MAX_ROWS, Sheet


def plot_traversals(images: np.ndarray, values: np.ndarray, *, kl: np.ndarray | None = None) -> Figure:
    """Draw one row a latent dimension: the decoder's mean while that dimension alone moves through `values`.

    In a good model a row with much KL changes one thing you can name, smoothly from left to right, and a row with
    a KL near 0 does not change at all. Rows that change the same thing share a factor between dimensions.

    Args:
        images: (D, steps, *event) decodes.
        values: (steps,) the values the dimension takes, shown above the columns.
        kl: (D,) KL of each dimension in nats. Rows are then sorted by it, the greatest first. At most 16 are drawn.

    Raises:
        InvalidInputError: if `values` or `kl` do not fit `images`.
    """
    images = as_events("images", images, "D", "steps")
    dimensions, steps = images.shape[:2]
    if np.shape(values) != (steps,):
        raise InvalidInputError(f"values: expected shape ({steps},), one a step, got {np.shape(values)}.")
    if kl is not None and np.shape(kl) != (dimensions,):
        raise InvalidInputError(f"kl: expected shape ({dimensions},), one a dimension, got {np.shape(kl)}.")

    order = np.arange(dimensions) if kl is None else np.argsort(-np.asarray(kl, float), kind="stable")
    shown = order[:MAX_ROWS]
    note = "Each row moves one latent dimension and leaves the others where they are"
    if kl is not None:
        note += "; greatest KL first"
    if len(shown) < dimensions:
        note += f" ({len(shown)} of {dimensions} shown)"
    sheet = Sheet(
        len(shown),
        steps,
        images[shown],
        event_shape=images.shape[2:],
        title="What each latent dimension changes",
        note=f"{note}.",
        left=0.4 if kl is None else 0.95,
        top=0.2,
    )
    for row, dimension in enumerate(shown):
        for step in range(steps):
            ax = sheet.draw(row, step, images[dimension, step])
            if row == 0:
                caption(ax, "top", Formatter.fix_minus(f"{values[step]:+.3g}") if values[step] else "0")
            if step == 0:
                name = f"z{dimension}"
                caption(ax, "left", name if kl is None else f"{name}\n{kl[dimension]:.2f} nats", color=INK, size=LABEL)
    return sheet.figure

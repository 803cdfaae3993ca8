"""A sheet of draws from the model."""

import math

import numpy as np
from matplotlib.figure import Figure

from keras_vae.errors import InvalidInputError
from keras_vae.plots.events import as_events
from keras_vae.plots.sheet import Sheet

MAX_SAMPLES = 144


def plot_samples(images: np.ndarray, *, columns: int | None = None, title: str = "Samples from the prior") -> Figure:
    """Draw samples in a near-square grid, in the order given.

    Good samples are as sharp and as varied as the data. Many that look alike point to a collapsed latent space,
    many that look like nothing in the data to holes between the posterior and the prior.

    Args:
        images: (N, *event), the means or draws of the decoder; at most the first 144 are drawn.
        columns: images in a row; near the square root of N by default.
        title: the heading.

    Raises:
        InvalidInputError: if `images` has no event axis or is empty, or `columns` is below 1.
    """
    images = as_events("images", images, "N")
    if columns is not None and columns < 1:
        raise InvalidInputError(f"columns: expected at least 1, got {columns}.")
    shown = images[:MAX_SAMPLES]
    columns = min(columns or math.ceil(math.sqrt(len(shown))), len(shown))
    note = f"The first {len(shown)} of {len(images):,}." if len(shown) < len(images) else ""
    rows = math.ceil(len(shown) / columns)
    sheet = Sheet(rows, columns, shown, event_shape=images.shape[1:], title=title, note=note)
    for index, image in enumerate(shown):
        sheet.draw(*divmod(index, columns), image)
    return sheet.figure

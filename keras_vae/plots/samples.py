"""Plots samples from the model."""

import math

import numpy as np
from matplotlib.figure import Figure

from keras_vae.errors import InvalidInputError
from keras_vae.plots.events import as_events
from keras_vae.plots.sheet import Sheet

MAX_SAMPLES = 144


def plot_samples(images: np.ndarray, *, columns: int | None = None, title: str = "Samples from the prior") -> Figure:
    """Plots samples in an approximately square grid, in the order of `images`.

    Good samples are as sharp and as varied as the data. Many similar samples indicate a collapsed latent space; many
    samples unlike the data indicate holes between the posterior and the prior.

    Args:
        images: (N, *event), means or samples of the decoder; only the first 144 are plotted.
        columns: number of images in a row. None uses about the square root of N.
        title: heading of the figure.

    Raises:
        InvalidInputError: if `images` has no event axis or is empty, or if `columns` is below 1.

    Example:

    >>> figure = plot_samples(kv.from_preset("vae_digits").sample(6, seed=0), columns=3)
    >>> len(figure.axes)
    6
    """
    images = as_events("images", images, "N")
    if columns is not None and columns < 1:
        raise InvalidInputError(f"columns: expected at least 1, got {columns}.")
    visible_images = images[:MAX_SAMPLES]
    columns = min(columns or math.ceil(math.sqrt(len(visible_images))), len(visible_images))
    note = f"The first {len(visible_images)} of {len(images):,}." if len(visible_images) < len(images) else ""
    rows = math.ceil(len(visible_images) / columns)
    sheet = Sheet(rows, columns, visible_images, event_shape=images.shape[1:], title=title, note=note)
    for index, image in enumerate(visible_images):
        sheet.draw(*divmod(index, columns), image)
    return sheet.figure

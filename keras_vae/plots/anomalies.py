"""Plots the strangest examples."""

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from keras_vae.errors import InvalidInputError
from keras_vae.plots.canvas import INK, caption
from keras_vae.plots.events import as_events, is_image
from keras_vae.plots.sheet import GAP, Sheet

CAPTION, SMALL = 0.16, 1e-9
LONGEST = 14
"""The number of characters of a label."""


def plot_anomalies(
    x: np.ndarray,
    reconstructions: np.ndarray,
    *,
    labels: Sequence[str],
    scores: Sequence[float] | np.ndarray,
    score_name: str = "",
    columns: int = 8,
) -> Figure:
    """Plots examples above their reconstructions and maps of the error; other events than images in one panel each.

    The map shows the root of the mean squared error of each pixel; white is the largest error of all examples.

    Args:
        x: (N, *event) examples, uint8 or in [0, 1] for images.
        reconstructions: (N, *event), in [0, 1] for images.
        labels: N names for the captions above the examples.
        scores: N numbers for the captions below them.
        score_name: name and unit of the scores, for the note above; may be empty.
        columns: number of examples in a row.

    Raises:
        InvalidInputError: if the shapes differ, or if there is not one value of `labels` or `scores` per example.

    Example:

    >>> x, reconstructions = np.ones((3, 8, 8, 1)), np.zeros((3, 8, 8, 1))
    >>> figure = plot_anomalies(x, reconstructions, labels=["a.png", "b.png", "c.png"], scores=[3.0, 2.5, 2.0])
    >>> len(figure.axes)
    9
    """
    x, reconstructions = as_events("x", x, "N"), as_events("reconstructions", reconstructions, "N")
    if reconstructions.shape != x.shape:
        raise InvalidInputError(f"reconstructions: expected the shape of x {x.shape}, got {reconstructions.shape}.")
    for part, values in (("labels", labels), ("scores", scores)):
        if np.shape(values) != (len(x),):
            raise InvalidInputError(f"{part}: expected one per example, {len(x)}, got shape {np.shape(values)}.")
    x = x / np.float32(255) if x.dtype == np.uint8 else x
    image = is_image(x.shape[1:])
    what, panel = ("image", "") if image else ("example", "Dark: example. Orange: reconstruction. ")
    named = f" ({score_name})" if score_name else ""
    columns = min(columns if image else min(columns, 4), len(x))
    bands = math.ceil(len(x) / columns)
    between = GAP + 2 * CAPTION
    sheet = Sheet(
        bands * (3 if image else 1),
        columns,
        x,
        reconstructions,
        event_shape=x.shape[1:],
        title="The strangest examples",
        note=f"{panel}Below each {what}: its anomaly score{named}.",
        left=0.95 if image else 0.0,
        top=CAPTION,
        bottom=CAPTION,
        row_gaps=([GAP, GAP, between] * bands)[:-1] if image else [between] * (bands - 1),
    )
    maps = _error_maps(x, reconstructions) if image else x
    for index in range(len(x)):
        band, column = divmod(index, columns)
        if image:
            upper = sheet.draw(3 * band, column, x[index])
            middle = sheet.draw(3 * band + 1, column, reconstructions[index])
            lower = sheet.draw(3 * band + 2, column, maps[index])
            if column == 0:
                for axes, name in ((upper, "original"), (middle, "reconstruction"), (lower, "error")):
                    caption(axes, "left", name, size=8)
        else:
            upper = lower = sheet.draw(band, column, x[index], reconstructions[index])
        label = str(labels[index])
        caption(upper, "top", label if len(label) <= LONGEST else f"…{label[1 - LONGEST :]}", color=INK)
        caption(lower, "bottom", f"{scores[index]:.3g}")
    return sheet.figure


def _error_maps(x: np.ndarray, reconstructions: np.ndarray) -> np.ndarray:
    errors = np.sqrt(((x - reconstructions) ** 2).mean(axis=-1, keepdims=True))
    return errors / max(float(np.nanmax(errors)), SMALL)

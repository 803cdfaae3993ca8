"""Plots test examples and their reconstructions."""

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from keras_vae.errors import InvalidInputError
from keras_vae.plots.canvas import INK, caption
from keras_vae.plots.events import as_events, is_image
from keras_vae.plots.sheet import GAP, Sheet

MAX_BANDS = 4
CAPTION = 0.16


def plot_reconstructions(
    x: np.ndarray,
    reconstructions: np.ndarray,
    *,
    columns: int = 10,
    labels: Sequence | None = None,
    errors: Sequence[float] | None = None,
    error_name: str = "error",
    baseline: np.ndarray | None = None,
    baseline_name: str = "baseline",
) -> Figure:
    """Plots originals above their reconstructions; for events other than images, plots both lines in one panel.

    Good reconstructions preserve the differences between examples, such as class, pose and stroke. In blurred
    reconstructions the decoder models detail as noise. If all reconstructions look alike, the latents contain no
    information.

    Args:
        x: (N, *event) test examples.
        reconstructions: (N, *event), the mean of the decoder for each example.
        columns: number of pairs in a row; at most four rows of pairs are plotted.
        labels: N strings or numbers for the captions above the pairs.
        errors: N numbers for the captions below the pairs, such as squared errors.
        error_name: name and unit of the errors.
        baseline: (N, *event), the reconstructions by another method, plotted below those of images only.
        baseline_name: its name.

    Raises:
        InvalidInputError: if the shapes differ, or if there is not one value of `labels` or `errors` per pair.

    Example:

    >>> x = kv.data.load("digits").test.x[:4]
    >>> figure = plot_reconstructions(x, kv.from_preset("vae_digits").reconstruct(x))
    >>> len(figure.axes)
    8
    """
    x, reconstructions = as_events("x", x, "N"), as_events("reconstructions", reconstructions, "N")
    if reconstructions.shape != x.shape:
        raise InvalidInputError(f"reconstructions: expected the shape of x {x.shape}, got {reconstructions.shape}.")
    if columns < 1:
        raise InvalidInputError(f"columns: expected at least 1, got {columns}.")
    for part, values in (("labels", labels), ("errors", errors)):
        if values is not None and np.shape(values) != (len(x),):
            raise InvalidInputError(f"{part}: expected one per pair, {len(x)} in total, got shape {np.shape(values)}.")

    image = is_image(x.shape[1:])
    lines = {"original": x, "reconstruction": reconstructions}
    if baseline is not None:
        baseline = as_events("baseline", baseline, "N")
        if baseline.shape != x.shape:
            raise InvalidInputError(f"baseline: expected the shape of x {x.shape}, got {baseline.shape}.")
        lines[baseline_name] = baseline
    columns = min(columns if image else min(columns, 5), len(x))
    count = min(len(x), MAX_BANDS * columns)
    bands = math.ceil(count / columns)
    note = "" if image else "Dark: original. Orange: reconstruction."
    if errors is not None:
        note = f"{note} Below each pair: {error_name}.".strip()
    above, below = CAPTION * (labels is not None), CAPTION * (errors is not None)
    between = (0.12 if image else GAP) + above + below
    rows = len(lines) if image else 1
    gaps = ([*[GAP] * (rows - 1), between] * bands)[:-1]
    sheet = Sheet(
        bands * rows,
        columns,
        x[:count],
        reconstructions[:count],
        event_shape=x.shape[1:],
        title="Test examples and their reconstructions",
        note=note,
        left=0.95 if image else 0.0,
        top=above,
        bottom=below,
        row_gaps=gaps,
    )
    for index in range(count):
        band, column = divmod(index, columns)
        if image:
            axes = [sheet.draw(rows * band + row, column, line[index]) for row, line in enumerate(lines.values())]
        else:
            axes = [sheet.draw(band, column, x[index], reconstructions[index])]
        if image and column == 0:
            for ax, name in zip(axes, lines, strict=True):
                caption(ax, "left", name, size=8)
        if labels is not None:
            caption(axes[0], "top", str(labels[index]), color=INK)
        if errors is not None:
            caption(axes[-1], "bottom", f"{errors[index]:.3g}")
    return sheet.figure

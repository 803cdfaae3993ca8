"""Plots interpolations between test examples in the latent space."""

import numpy as np
from matplotlib.figure import Figure

from keras_vae.errors import InvalidInputError
from keras_vae.plots.canvas import BLUE, ORANGE, caption
from keras_vae.plots.events import as_events
from keras_vae.plots.sheet import GAP, MAX_ROWS, Sheet


def plot_interpolation(images: np.ndarray, *, endpoints: tuple[np.ndarray, np.ndarray] | None = None) -> Figure:
    """Plots a row for each pair of test examples A and B: the decoded points of the path between their latents.

    The first and the last image of a row, in frames, are the reconstructions of A and B. On a good path every step
    looks like the data and the change is gradual. A cross-fade of A and B or a blur in the middle indicates a hole in
    the latent space.

    Args:
        images: (pairs, steps, *event) decoded images; at most 16 pairs are plotted.
        endpoints: the originals A and B, each (pairs, *event), which are plotted at either side.

    Raises:
        InvalidInputError: if there are fewer than 2 steps or `endpoints` does not fit `images`.

    Example:

    >>> x = kv.data.load("digits").test.x
    >>> model = kv.from_preset("vae_digits")
    >>> figure = plot_interpolation(model.interpolate(x[:2], x[2:4], steps=6), endpoints=(x[:2], x[2:4]))
    >>> len(figure.axes)
    16
    """
    images = as_events("images", images, "pairs", "steps")
    pairs, steps = images.shape[:2]
    if steps < 2:
        raise InvalidInputError(f"images: expected at least 2 steps on axis 1, got shape {images.shape}.")
    originals = [] if endpoints is None else [as_events("endpoints", endpoint, "pairs") for endpoint in endpoints]
    expected = (pairs, *images.shape[2:])
    if endpoints is not None and [endpoint.shape for endpoint in originals] != [expected] * 2:
        got = ", ".join(str(endpoint.shape) for endpoint in originals)
        raise InvalidInputError(f"endpoints: expected two arrays of shape {expected}, got {got}.")

    rows, side = min(pairs, MAX_ROWS), int(bool(originals))
    columns = steps + 2 * side
    gaps = np.full(columns - 1, GAP)
    if side:
        gaps[[0, -1]] = 3 * GAP
    sheet = Sheet(
        rows,
        columns,
        images[:rows],
        *(endpoint[:rows] for endpoint in originals),
        event_shape=images.shape[2:],
        title="Interpolation between test examples in the latent space",
        note="Framed: the reconstructions of test examples A and B. Between them: decoded points on the path.",
        top=0.2,
        column_gaps=gaps.tolist(),
    )
    headers = ["decoded A", *(f"{step / (steps - 1):.2f}" for step in range(1, steps - 1)), "decoded B"]
    for row in range(rows):
        strip = [sheet.draw(row, step + side, images[row, step]) for step in range(steps)]
        for ax, color in ((strip[0], BLUE), (strip[-1], ORANGE)):
            ax.spines[:].set(color=color, linewidth=1.8)
        endpoint_axes = [
            sheet.draw(row, column, endpoint[row])
            for column, endpoint in zip((0, columns - 1), originals, strict=False)
        ]
        if row == 0:
            for ax, text in zip([*strip, *endpoint_axes], [*headers, "original A", "original B"], strict=False):
                caption(ax, "top", text)
    return sheet.figure

"""Strips that lead from one test example to another through the latent space."""

import numpy as np
from matplotlib.figure import Figure

from keras_vae.errors import InvalidInputError
from keras_vae.plots.canvas import BLUE, ORANGE, caption
from keras_vae.plots.events import as_events
from keras_vae.plots.sheet import GAP, MAX_ROWS, Sheet


def plot_interpolation(images: np.ndarray, *, endpoints: tuple[np.ndarray, np.ndarray] | None = None) -> Figure:
    """Draw a strip a pair: decodes on the path between the codes of two test examples A and B.

    The first and the last image of a strip are framed: they are the reconstructions of A and B. On a good path every
    step looks like data and the change is gradual; a cross-fade of the two or a blur in the middle shows a hole.

    Args:
        images: (pairs, steps, *event) decodes; at most 16 pairs are drawn.
        endpoints: the originals A and B, each (pairs, *event), to be drawn at either side.

    Raises:
        InvalidInputError: if there are fewer than 2 steps or `endpoints` does not fit `images`.
    """
    images = as_events("images", images, "pairs", "steps")
    pairs, steps = images.shape[:2]
    if steps < 2:
        raise InvalidInputError(f"images: expected at least 2 steps on axis 1, got shape {images.shape}.")
    originals = [] if endpoints is None else [as_events("endpoints", each, "pairs") for each in endpoints]
    expected = (pairs, *images.shape[2:])
    if endpoints is not None and [each.shape for each in originals] != [expected] * 2:
        got = ", ".join(str(each.shape) for each in originals)
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
        *(each[:rows] for each in originals),
        event_shape=images.shape[2:],
        title="From one test example to another through the latent space",
        note="Framed: the reconstructions of test examples A and B. Between them: decodes on the path from A to B.",
        top=0.2,
        column_gaps=gaps,
    )
    headers = ["decoded A", *(f"{step / (steps - 1):.2f}" for step in range(1, steps - 1)), "decoded B"]
    for row in range(rows):
        strip = [sheet.draw(row, step + side, images[row, step]) for step in range(steps)]
        for ax, color in ((strip[0], BLUE), (strip[-1], ORANGE)):
            ax.spines[:].set(color=color, linewidth=1.8)
        ends = [sheet.draw(row, column, each[row]) for column, each in zip((0, columns - 1), originals, strict=False)]
        if row == 0:
            for ax, text in zip([*strip, *ends], [*headers, "original A", "original B"], strict=False):
                caption(ax, "top", text)
    return sheet.figure

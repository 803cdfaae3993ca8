"""Plots one event, an example of the data.

Events of shape (H, W, 1) and (H, W, 3) are images; all other events are small line plots.
"""

from collections.abc import Sequence

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb

from keras_vae.errors import InvalidInputError
from keras_vae.plots.canvas import INK, ORANGE

GREYS = colormaps["gray"].with_extremes(bad=ORANGE)


def as_events(part: str, array: np.ndarray, *leading: str) -> np.ndarray:
    """Checks that `array` contains real numbers and has the shape (*leading, *event), without empty axes.

    Args:
        part: name of the argument, for the message.
        array: the array to check.
        leading: names of the axes before those of the event.

    Raises:
        InvalidInputError: if the array does not meet these conditions.
    """
    array = np.asarray(array)
    if array.dtype.kind not in "biuf" or array.ndim <= len(leading) or array.size == 0:
        expected = ", ".join((*leading, "*event"))
        got = f"{array.dtype} of shape {array.shape}"
        raise InvalidInputError(f"{part}: expected a non-empty array of numbers ({expected}), got {got}.")
    return array


def is_image(event_shape: Sequence[int]) -> bool:
    """Returns whether events of this shape are images: (H, W, 1) or (H, W, 3)."""
    return len(event_shape) == 3 and event_shape[-1] in (1, 3)


def draw_event(ax: Axes, event: np.ndarray, *, color: str = INK) -> None:
    """Plots one example.

    Images: the range of uint8 is 0 to 255; other dtypes are clipped to [0, 1]. Pixels that are not finite are orange.
    Small images have sharp pixel edges. Other examples: a line over the index, and one line per column for `(T, C)`. A
    second call with another colour overlays a reconstruction.

    Args:
        ax: Matplotlib axes.
        event: one example, `(H, W, 1)` or `(H, W, 3)` for an image.
        color: colour of a line.

    Example:

    >>> from matplotlib.figure import Figure
    >>> ax = Figure().add_subplot()
    >>> draw_event(ax, np.zeros((16, 8, 1)))
    >>> ax.images[0].get_size()
    (16, 8)
    """
    event = np.asarray(event)
    if not is_image(event.shape):
        line = event if event.ndim <= 2 else event.ravel()
        ax.plot(line, color=color, linewidth=1.0, marker="o" if len(line) <= 12 else "", markersize=1.8)
        return
    interpolation = "nearest" if max(event.shape) <= 160 else "auto"
    if event.shape[-1] == 1:
        top = 255 if event.dtype == np.uint8 else 1
        ax.imshow(event[..., 0], cmap=GREYS, vmin=0, vmax=top, interpolation=interpolation)
    elif event.dtype == np.uint8:
        ax.imshow(event, interpolation=interpolation)
    else:
        invalid = ~np.isfinite(event).all(axis=-1, keepdims=True)
        ax.imshow(np.where(invalid, to_rgb(ORANGE), np.clip(event, 0, 1)), interpolation=interpolation)

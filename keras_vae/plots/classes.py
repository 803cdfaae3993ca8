"""Names and colours of the classes of examples."""

from collections.abc import Sequence

import numpy as np
from matplotlib import colormaps
from matplotlib.colors import to_hex

from keras_vae.errors import InvalidInputError
from keras_vae.plots.canvas import BLUE

UNLABELLED = "no label"
CLASS_COLORS = (
    *("#332288", "#cc6677", "#117733", "#d39a1c", "#4fa3dd"),
    *("#882255", "#44aa99", "#999933", "#aa4499", "#555555"),
)
"""Ten colours based on Paul Tol's muted scheme, which colour-blind readers can distinguish."""


def name_classes(
    labels: Sequence | np.ndarray | None, label_names: Sequence[str], count: int
) -> tuple[np.ndarray, list[str]]:
    """Converts labels to class indices and class names.

    Args:
        labels: `count` integers or strings, -1 for an example without a label, or None for one class without a name.
        label_names: names of the classes 0, 1, ...; if empty, each label is its own name.
        count: number of examples.

    Returns:
        The class index of each example, shape (count,), and the names of the classes that occur.

    Raises:
        InvalidInputError: if there is not one label per example, or if a label has no name.
    """
    if labels is None:
        return np.zeros(count, int), [""]
    if np.shape(labels) != (count,):
        raise InvalidInputError(f"labels: expected one label for each of {count} codes, got shape {np.shape(labels)}.")
    values, classes = np.unique(np.asarray(labels), return_inverse=True)
    if not len(label_names):
        return classes, [str(value) for value in values]
    if values.dtype.kind not in "iu" or values[0] < -1 or values[-1] >= len(label_names):
        got = f"{values[0]} to {values[-1]}"
        raise InvalidInputError(
            f"labels: expected whole numbers 0 to {len(label_names) - 1}, one per label name, got {got}."
        )
    return classes, [str(label_names[value]) if value >= 0 else UNLABELLED for value in values]


def class_colors(count: int) -> list[str]:
    """Returns a colour for each of `count` classes: distinct colours for up to ten, else a dark-to-light scale."""
    if count == 1:
        return [BLUE]
    if count <= len(CLASS_COLORS):
        return list(CLASS_COLORS[:count])
    return [to_hex(color) for color in colormaps["viridis"](np.linspace(0, 0.95, count))]

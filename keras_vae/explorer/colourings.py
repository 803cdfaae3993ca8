"""What the colours of the points can show."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from keras_vae.explorer.arrays import as_array
from keras_vae.explorer.points import Points
from keras_vae.plots.classes import UNLABELLED, class_colors

MOST_CLASSES = 60
"""The number of distinct labels above which they are shown as numbers."""
MOST_COLUMNS = 40


def colourings(points: Points, scores: Mapping[str, np.ndarray]) -> list[dict[str, Any]]:
    """Returns the colourings, in the order of the control: label, condition, factors, scores, part, columns of a table.

    The page starts with the first, so that examples without a label or factors start with a score.

    Each has a `name` and a `kind`: `"class"`, with the index of the class of each point (`values`), `names` and
    `colours`; or `"number"`, with a number for each point.

    Args:
        points: the points.
        scores: name -> number of each point, `(N,)`.

    Example:

    >>> x, two = np.zeros((3, 2), "float32"), np.zeros(3, int)
    >>> points = Points(x, np.array([0, 1, 1]), None, two, np.arange(3), ("data",), label_names=("cat", "dog"))
    >>> [(each["name"], each["kind"]) for each in colourings(points, {"ELBO": np.zeros(3)})]
    [('label', 'class'), ('ELBO', 'number'), ('x0', 'number'), ('x1', 'number')]
    """
    found = []
    labels = points.labels
    if labels is not None and (labels >= 0).any():
        found.append(_values("label", labels, points.label_names))
    if points.y is not None and points.y.ndim > 1:
        found += [_number(f"condition {i}", points.y[:, i]) for i in range(min(points.y.shape[1], MOST_COLUMNS))]
    if points.factors is not None:
        names = points.factor_names or tuple(f"factor {i}" for i in range(points.factors.shape[1]))
        found += [_values(name, points.factors[:, i], ()) for i, name in enumerate(names)]
    found += [_number(name, values) for name, values in scores.items()]
    if len(points.part_names) > 1:
        found.append(_classes("part of the data", points.part, points.part_names))
    if points.x.ndim == 2:
        names = points.column_names or tuple(f"x{i}" for i in range(points.x.shape[1]))
        for i, name in enumerate(names[:MOST_COLUMNS]):
            texts = points.categories[i] if points.categories else ()
            column = points.x[:, i]
            whole = bool(texts) and np.isfinite(column).all()
            found.append(_values(name, column.astype(int), texts) if whole else _number(name, column))
    return found


def _values(name: str, values: np.ndarray, names: tuple[str, ...]) -> dict[str, Any]:
    """A colouring by whole numbers: by class, unless there are too many."""
    present = np.unique(values)
    if len(present) > MOST_CLASSES:
        return _number(name, values)

    def text(value):
        if value < 0:
            return UNLABELLED
        return str(names[value]) if value < len(names) else str(value)

    return _classes(name, np.searchsorted(present, values), tuple(text(int(value)) for value in present))


def _classes(name: str, classes: np.ndarray, names: tuple[str, ...]) -> dict[str, Any]:
    colours = class_colors(max(2, len(names)))[: len(names)]
    return {
        "name": name,
        "kind": "class",
        "values": as_array(classes.astype("int32")),
        "names": list(names),
        "colours": colours,
    }


def _number(name: str, values: np.ndarray) -> dict[str, Any]:
    return {"name": name, "kind": "number", "values": as_array(np.asarray(values, "float32"))}

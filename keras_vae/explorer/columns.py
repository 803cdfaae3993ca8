"""The columns of rows of numbers, for the bar chart."""

from typing import Any

import numpy as np

from keras_vae.explorer.points import Points

MOST_COLUMNS = 200


def columns_of(points: Points) -> list[dict[str, Any]]:
    """Returns the `name`, the `categories` and the range, `low` to `high`, of each column; empty for other data.

    Example:

    >>> none = np.zeros(2, int)
    >>> columns_of(Points(np.array([[0.0], [2.0]]), None, None, none, none, ("data",), column_names=("age",)))
    [{'name': 'age', 'categories': [], 'low': 0.0, 'high': 2.0}]
    """
    if points.x.ndim != 2 or points.x.shape[1] > MOST_COLUMNS:
        return []
    count = points.x.shape[1]
    names = points.column_names or tuple(f"x{i}" for i in range(count))
    categories = points.categories or ((),) * count
    observed = np.any(np.isfinite(points.x), axis=0)
    return [
        {
            "name": names[i],
            "categories": list(categories[i]),
            "low": float(np.nanmin(points.x[:, i])) if observed[i] else 0.0,
            "high": float(np.nanmax(points.x[:, i])) if observed[i] else 1.0,
        }
        for i in range(count)
    ]

"""Computes the limits of axes from data."""

import math

import numpy as np

PAD = 0.07
"""Padding above and below the data, as a fraction of their range."""


def full_limits(values: np.ndarray) -> tuple[float, float]:
    """Returns limits with padding for all finite values. They always differ; without finite values they are (0, 1)."""
    values = np.asarray(values, float)
    values = values[np.isfinite(values)]
    if not values.size:
        return 0.0, 1.0
    pad = PAD * np.ptp(values) or 0.05 * abs(values[0]) or 0.5
    return float(values.min() - pad), float(values.max() + pad)


def robust_limits(values: np.ndarray) -> tuple[float, float]:
    """Returns limits that exclude outliers, if this reduces the range to less than a third; else `full_limits`.

    A value is an outlier if its distance from the centre of the middle 80 % of the values exceeds 3.5 times the width
    of the middle 80 %.
    """
    values = np.sort(values[np.isfinite(values)])
    if len(values) < 5:
        return full_limits(values)
    tail = math.ceil(len(values) / 10)
    lower, upper = values[tail], values[-1 - tail]
    near = values[np.abs(values - (lower + upper) / 2) <= 3.5 * (upper - lower)]
    return full_limits(near if np.ptp(values) > 3 * np.ptp(near) else values)

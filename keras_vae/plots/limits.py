"""The y-limits of lines: a little more than the data, whatever the data."""

import math

import numpy as np

PAD = 0.07
"""White space above and below the data, as a share of its range."""


def full_limits(values: np.ndarray) -> tuple[float, float]:
    """Limits that hold every finite value: padded, never of zero height, (0, 1) if no value is finite."""
    values = np.asarray(values, float)
    values = values[np.isfinite(values)]
    if not values.size:
        return 0.0, 1.0
    pad = PAD * np.ptp(values) or 0.05 * abs(values[0]) or 0.5
    return float(values.min() - pad), float(values.max() + pad)


def robust_limits(values: np.ndarray) -> tuple[float, float]:
    """Limits that leave out the few values far from the middle 80 %, where that opens the others up.

    A value is far if it lies more than 3.5 times the width of the middle 80 % from its centre, and leaving such values
    out has to shrink the range to a third or less; otherwise the limits are `full_limits`.
    """
    values = np.sort(values[np.isfinite(values)])
    if len(values) < 5:
        return full_limits(values)
    tail = math.ceil(len(values) / 10)
    lower, upper = values[tail], values[-1 - tail]
    near = values[np.abs(values - (lower + upper) / 2) <= 3.5 * (upper - lower)]
    return full_limits(near if np.ptp(values) > 3 * np.ptp(near) else values)

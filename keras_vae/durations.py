"""Durations as text."""

import math
import re

from keras_vae.errors import InvalidInputError

SECONDS = {"d": 86_400, "h": 3600, "m": 60, "min": 60, "s": 1}
TEXT = re.compile(r"(?:\d+(?:\.\d+)?\s*(?:d|h|min|m|s)\s*)+")


def seconds_of(name: str, duration: str | float) -> float:
    """Returns a duration in seconds.

    Args:
        name: name of the option, for the message.
        duration: a number of seconds, or a text such as `"2h"`, `"90m"`, `"45s"` or `"1h30m"`.

    Raises:
        InvalidInputError: if the duration has another form, or is not positive.

    Example:

    >>> seconds_of("max_time", "1h30m")
    5400.0
    """
    seconds = _read(duration)
    if not 0 < seconds < math.inf:
        raise InvalidInputError(
            f"{name}: expected a positive duration, such as 2h, 90m, 45s or a number of seconds; got {duration!r}."
        )
    return seconds


def _read(duration: str | float) -> float:
    """Returns the seconds, or NaN if the duration has another form."""
    if isinstance(duration, str):
        text = duration.strip()
        if TEXT.fullmatch(text):
            return sum(float(n) * SECONDS[unit] for n, unit in re.findall(r"(\d+(?:\.\d+)?)\s*(d|h|min|m|s)", text))
        return float(text) if re.fullmatch(r"\d+(\.\d+)?", text) else math.nan
    is_number = isinstance(duration, (int, float)) and not isinstance(duration, bool)
    return float(duration) if is_number else math.nan


def as_duration(seconds: float) -> str:
    """Returns a duration as a short text, with two digits or so.

    Example:

    >>> [as_duration(seconds) for seconds in (0.2, 45, 725, 5400, 260_000)]
    ['1 s', '45 s', '12 min', '1 h 30 min', '3 d 0 h']
    """
    seconds = max(seconds, 1)
    if seconds < 89.5:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours < 48 else f"{hours // 24} d {hours % 24} h"

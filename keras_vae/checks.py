"""Checks of numbers and shapes that many parts share; each gives back what it has checked."""

import numbers
from typing import Any

from keras_vae.errors import InvalidInputError

MAX_CATEGORIES = 20
"""Different values of a column of a table, at most, that are taken for categories where nothing says what they are."""

CHANNELS = (1, 3, 4)
"""Of images: grey, colours, colours with alpha."""


def check_integer(name: str, value: Any, *, least: int = 1) -> int:
    """`value` as an int; raises `InvalidInputError` if it is no integer >= `least`."""
    if not _is_integer(value) or value < least:
        raise InvalidInputError(f"{name} must be an integer >= {least}; got {value!r}.")
    return int(value)


def check_seed(value: Any) -> int:
    """`value` as an int; raises `InvalidInputError` if it is no integer from 0 to 2^31 - 1."""
    if not _is_integer(value) or not 0 <= value < 2**31:
        raise InvalidInputError(f"seed must be an integer from 0 to 2^31 - 1; got {value!r}.")
    return int(value)


def check_event_shape(part: str, shape: Any) -> tuple[int, ...]:
    """`shape` as a tuple of ints, a single int as one of length one.

    Raises:
        InvalidInputError: if it is anything but one or more integers >= 1.
    """
    sizes = [shape] if _is_integer(shape) else shape
    if not isinstance(sizes, (tuple, list)) or not sizes or not all(_is_integer(n) and n >= 1 for n in sizes):
        raise InvalidInputError(
            f"{part}: event_shape must be positive integers, such as (16,) or (28, 28, 1); got {shape!r}."
        )
    return tuple(int(n) for n in sizes)


def is_image(event_shape: tuple[int, ...]) -> bool:
    """Whether one example is `(H, W, C)` with 1, 3 or 4 channels.

    Example:

    >>> is_image((28, 28, 1)), is_image((28,))
    (True, False)
    """
    return len(event_shape) == 3 and event_shape[-1] in CHANNELS


def is_channels_first(event_shape: tuple[int, ...]) -> bool:
    """Whether the shape of an example is surely that of an image with its channels first, `(C, H, W)`.

    It is where C is 1, 3 or 4, the last axis has no such length, and the last two are alike: equal and at least 8, or
    at least 32 and one no more than four times the other.

    Example:

    >>> is_channels_first((3, 16, 16)), is_channels_first((16, 16, 3)), is_channels_first((4, 4, 16))
    (True, False, False)
    """
    if len(event_shape) != 3:
        return False
    channels, *sides = event_shape
    low, high = min(sides), max(sides)
    alike = low == high >= 8 or (low >= 32 and high <= 4 * low)
    return channels in CHANNELS and sides[-1] not in CHANNELS and alike


def _is_integer(value: Any) -> bool:
    return isinstance(value, numbers.Integral) and not isinstance(value, bool)

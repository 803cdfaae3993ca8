"""Checks of numbers and shapes that many parts share; each gives back what it has checked."""

from typing import Any

import numpy as np

from keras_vae.errors import InvalidInputError


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


def _is_integer(value: Any) -> bool:
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)

"""Checks of numbers and shapes. A function `check_...` returns the valid value."""

import math
import numbers
import re
from typing import Any

from keras_vae.errors import InvalidInputError

MAX_CATEGORIES = 20
"""The maximum number of distinct values of a column whose kind is inferred to be categorical."""

CHANNELS = (1, 3, 4)
"""Numbers of channels of images: grey, RGB, RGB with alpha."""


MAX_SEED = 2**31 - 1

LARGEST = (2 - 2**-23) * 2.0**127
"""The largest number of float32, in which models calculate."""

FAR_FROM_BYTES = 10.0
"""Images that are not uint8 and reach this value are not intensities from 0 to 1."""

AMOUNT = re.compile(r"(\d+(?:\.\d*)?|\.\d+)\s*(nats?|bits?|)")


def is_integer(value: Any) -> bool:
    """Returns whether a value is an integer of Python or NumPy, but not a boolean.

    Example:

    >>> is_integer(3), is_integer(3.0), is_integer(True)
    (True, False, False)
    """
    return isinstance(value, numbers.Integral) and not isinstance(value, bool)


def is_number(value: Any) -> bool:
    """Returns whether a value is a real number of Python or NumPy, including NaN and infinity, but not a boolean.

    Example:

    >>> is_number(3), is_number(3.5), is_number(True), is_number("3")
    (True, True, False, False)
    """
    return isinstance(value, numbers.Real) and not isinstance(value, bool)


def are_texts(value: Any) -> bool:
    """Returns whether a value is a list or tuple of strings.

    Example:

    >>> are_texts(["a", "b"]), are_texts("ab"), are_texts([1])
    (True, False, False)
    """
    return isinstance(value, (list, tuple)) and all(isinstance(text, str) for text in value)


def check_number(
    name: str,
    value: Any,
    *,
    least: float = -math.inf,
    most: float = math.inf,
    above: float = -math.inf,
    below: float = math.inf,
    integer: bool = False,
) -> Any:
    """Checks that a value is a finite number in a range, and returns it as a float of Python.

    Args:
        name: name of the part and argument, for the message.
        value: the value.
        least: inclusive lower bound.
        most: inclusive upper bound.
        above: exclusive lower bound.
        below: exclusive upper bound.
        integer: whether the value must be an integer; the result is then an int.

    Raises:
        InvalidInputError: if the value is not a finite number of float32 in the range.

    Example:

    >>> check_number("rate", 0.5, above=0, below=1)
    0.5
    >>> check_number("rate", 1, above=0, below=1)
    Traceback (most recent call last):
    keras_vae.errors.InvalidInputError: rate must be a number > 0 and < 1; got 1.
    """
    number = _of_python(value, integer)
    is_in_range = number is not None and least <= number <= most and above < number < below
    if number is not None and is_in_range and (integer or abs(number) <= LARGEST):
        return number
    if is_in_range:
        raise InvalidInputError(f"{name} must be a number of float32, at most {LARGEST:.2g}; got {value!r}.")
    limits = _range(least, most, above, below)
    kind = f"an integer {limits}" if integer else f"a number {limits}" if limits else "a finite number"
    kind = {"a number > 0": "a positive number"}.get(kind, kind.rstrip())
    raise InvalidInputError(f"{name} must be {kind}; got {value!r}.")


def _of_python(value: Any, integer: bool) -> int | float | None:
    """Converts a number to Python, since comparisons of small NumPy types may overflow."""
    if integer:
        return int(value) if is_integer(value) else None
    try:
        number = float(value) if is_number(value) else math.nan
    except OverflowError:  # an integer of Python that is too large for a float
        return None
    return number if math.isfinite(number) else None


def _range(least: float, most: float, above: float, below: float) -> str:
    if math.isfinite(least) and math.isfinite(most):
        return f"from {least:.15g} to {most:.15g}"
    bounds = {">=": least, ">": above, "<=": most, "<": below}
    return " and ".join(f"{sign} {bound:.15g}" for sign, bound in bounds.items() if math.isfinite(bound))


def check_integer(name: str, value: Any, *, least: int = 1) -> int:
    """Returns `value` as an int; raises `InvalidInputError` if it is not an integer >= `least`."""
    return check_number(name, value, least=least, integer=True)


def check_flag(name: str, value: Any) -> bool:
    """Returns `value`; raises `InvalidInputError` if it is not a bool.

    A text such as `"no"` would count as true.
    """
    if isinstance(value, bool):
        return value
    raise InvalidInputError(f"{name}: expected True or False, got {value!r}.")


def check_nats(name: str, value: Any) -> float:
    """Returns an amount of information in nats.

    Args:
        name: name of the part and argument, for the message.
        value: a number of nats, or a text with a number and a unit, such as `"20bits"` or `"14 nats"`.

    Raises:
        InvalidInputError: if the value has another form, or is not positive.

    Example:

    >>> check_nats("target_rate", 14), round(check_nats("target_rate", "20bits"), 2)
    (14.0, 13.86)
    """
    match = AMOUNT.fullmatch(value.strip()) if isinstance(value, str) else None
    number = _of_python(float(match[1]) if match else value, integer=False)
    if number is None or number <= 0:
        raise InvalidInputError(
            f"{name} must be a positive amount of information, such as 14 or '14nats' or '20bits'; got {value!r}."
        )
    return number * (math.log(2) if match and match[2].startswith("bit") else 1.0)


def check_seed(value: Any) -> int:
    """Returns `value` as an int; raises `InvalidInputError` if it is not an integer from 0 to 2^31 - 1."""
    return check_number("seed", value, least=0, most=MAX_SEED, integer=True)


def check_unmasked(name: str, values: Any) -> None:
    """Raises `InvalidInputError` for a masked array of NumPy with masked values, whose mask would be dropped.

    Example:

    >>> check_unmasked("x", np.ma.masked_equal([1.0, 2.0], 2.0))
    Traceback (most recent call last):
    keras_vae.errors.InvalidInputError: x: expected an array without a mask, got 1 masked values; give ...
    """
    mask: Any = getattr(values, "mask", None)
    if hasattr(values, "filled") and getattr(mask, "any", bool)():
        raise InvalidInputError(
            f"{name}: expected an array without a mask, got {int(mask.sum())} masked values; give "
            "x.filled(np.nan) to masked_vae, for which NaN is a missing value, or drop the examples."
        )


def check_event_shape(part: str, shape: Any) -> tuple[int, ...]:
    """Returns `shape` as a tuple of ints; an int becomes a tuple of length one.

    Raises:
        InvalidInputError: if `shape` is not one or more integers >= 1.
    """
    sizes = [shape] if is_integer(shape) else shape
    if not isinstance(sizes, (tuple, list)) or not sizes or not all(is_integer(n) and n >= 1 for n in sizes):
        raise InvalidInputError(
            f"{part}: event_shape must be positive integers, such as (16,) or (28, 28, 1); got {shape!r}."
        )
    return tuple(int(n) for n in sizes)


def is_image(event_shape: tuple[int, ...]) -> bool:
    """Returns whether the shape of an example is `(H, W, C)` with 1, 3 or 4 channels.

    Example:

    >>> is_image((28, 28, 1)), is_image((28,))
    (True, False)
    """
    return len(event_shape) == 3 and event_shape[-1] in CHANNELS


def is_channels_first(event_shape: tuple[int, ...]) -> bool:
    """Returns whether the shape of an example is certainly `(C, H, W)`, an image with channels first.

    The conditions are: C is 1, 3 or 4, the length of the last axis is not, and H and W are either equal and at least 8,
    or at least 32 with a ratio of at most four.

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

"""Checks of layer widths, and the sizes of images in strided networks."""

import math
from typing import Any

from keras_vae.checks import check_integer
from keras_vae.errors import InvalidInputError


def check_widths(name: str, widths: Any) -> tuple[int, ...]:
    """Returns `widths` as a tuple of ints; raises `InvalidInputError` if it is not a sequence of integers >= 1.

    Example:

    >>> check_widths("MLPEncoder: units", [512, 512])
    (512, 512)
    """
    if not isinstance(widths, (tuple, list)):
        raise InvalidInputError(f"{name} must be a sequence of integers, such as [64, 64]; got {widths!r}.")
    return tuple(check_integer(f"{name}: each", width) for width in widths)


def halved(sizes: tuple[int, ...], times: int) -> list[tuple[int, ...]]:
    """Returns `sizes` after 0, 1, ..., `times` strided layers, each of which halves them and rounds up.

    Example:

    >>> halved((28, 9), 2)
    [(28, 9), (14, 5), (7, 3)]
    """
    return [tuple(math.ceil(size / 2**i) for size in sizes) for i in range(times + 1)]


def in_patches(sizes: tuple[int, int], patch_size: int) -> tuple[int, int]:
    """Returns the numbers of patches along the height and the width, rounded up.

    Example:

    >>> in_patches((28, 9), 4)
    (7, 3)
    """
    height, width = sizes
    return math.ceil(height / patch_size), math.ceil(width / patch_size)

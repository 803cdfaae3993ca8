"""Examples and features as arrays: checked, scaled, and in pieces that are small in memory."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from keras_vae.checks import LARGEST
from keras_vae.errors import InvalidInputError
from keras_vae.models.inputs import as_numbers

NUMBERS = 2**22  # worked on at a time


def as_examples(part: str, x: Any) -> np.ndarray:
    """`x` as one or more examples `(N, *event_shape)`, uint8 or float32; its values are not checked."""
    x = as_numbers(part, x)
    if x.ndim < 2 or x.size == 0:
        raise InvalidInputError(f"{part}: expected one or more examples of shape (N, ...), got shape {x.shape}.")
    return x


def pieces(x: np.ndarray, size: int | None = None) -> Iterator[slice]:
    """The rows of `x`, `size` at a time, or as many as are small in memory."""
    size = size or max(1, NUMBERS // math.prod(x.shape[1:]))
    return (slice(start, start + size) for start in range(0, len(x), size))


def scaled(x: np.ndarray) -> np.ndarray:
    """`x` in float32; uint8 is divided by 255."""
    return x.astype("float32") / np.float32(255) if x.dtype == np.uint8 else x


def check_known(part: str, x: np.ndarray) -> np.ndarray:
    """`x` itself; raises `InvalidInputError` if a value is not finite."""
    broken = len(x) - np.isfinite(x).reshape(len(x), -1).all(axis=1).sum()
    if broken:
        raise InvalidInputError(
            f"{part}: expected finite numbers, got NaN or infinity in {broken} of {len(x)} examples; "
            "drop or repair them."
        )
    return x


def check_images(part: str, x: np.ndarray) -> np.ndarray:
    """`x` itself; raises `InvalidInputError` if they are no images `(N, H, W, C)` in [0, 1]."""
    low, high = x.min(), x.max()
    if x.ndim != 4 or not (low >= 0 and high <= 1):
        raise InvalidInputError(
            f"{part}: expected images (N, H, W, C) in [0, 1], got shape {x.shape} with values from {low:.3g} to "
            f"{high:.3g}; rescale or clip them, or add the channel axis."
        )
    return x


def check_features(part: str, features: Any, others: Any, *, least: int) -> tuple[np.ndarray, np.ndarray]:
    """Two sets of features as float64 `(N, D)` and `(M, D)`.

    Raises:
        InvalidInputError: if they are no such matrices of `least` rows or more, or hold NaN, infinity, or numbers
            beyond the range of float32.
    """
    try:
        both = np.asarray(features, "float64"), np.asarray(others, "float64")
    except (ValueError, TypeError) as error:
        raise InvalidInputError(f"{part}: expected two matrices of numbers; {error}.") from error
    one, two = shapes = both[0].shape, both[1].shape
    if len(one) != 2 or len(two) != 2 or one[1] != two[1] or not one[1] or min(one[0], two[0]) < least:
        raise InvalidInputError(
            f"{part}: expected (N, D) and (M, D) with N, M >= {least}; got {shapes}; give a row for each example, "
            "and enough of them."
        )
    for values in both:
        low, high = values.min(), values.max()
        if not (low >= -LARGEST and high <= LARGEST):
            raise InvalidInputError(
                f"{part}: expected finite numbers within float32, got values from {low} to {high}; drop or repair them."
            )
    return both

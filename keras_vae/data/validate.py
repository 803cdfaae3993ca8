"""Checks and converts arrays of examples, labels and factors."""

import numpy as np

from keras_vae.checks import check_unmasked, is_channels_first
from keras_vae.errors import InvalidInputError

SMALLEST_IMAGE = 8


def validate(x: object, where: str = "x") -> np.ndarray:
    """Checks an array of examples and converts it to uint8 or float32.

    Arrays of uint8 contain pixels, 0..255, and remain unchanged. Booleans become uint8 0 or 255. Every other integer
    or float dtype becomes float32 with the same values. Images without a channel axis, `(N, H, W)`, get one if they
    are uint8 or if H and W are at least 8; vectors `(N, D)` remain unchanged. NaN marks a missing value; each model
    checks whether it supports missing values.

    Args:
        x: array-like of shape `(N, *event)`, numbers or booleans.
        where: name of the array, for the message.

    Returns:
        A contiguous array `(N, *event)`, uint8 or float32.

    Raises:
        InvalidInputError: if `x` is ragged, not numeric, empty or of rank below 2, if it contains infinity, or if it
            has the shape of images with their channels first.

    Example:

    >>> validate(np.zeros((5, 8, 8), bool)).shape
    (5, 8, 8, 1)
    """
    x = _array(x, where)
    if x.dtype.kind not in "biuf":
        raise InvalidInputError(f"{where}: expected numbers, got dtype {x.dtype}; convert to uint8 or float32.")
    if x.ndim < 2:
        raise InvalidInputError(f"{where}: expected shape (N, ...) of rank 2 or more, got {x.shape}; add an axis.")
    if 0 in x.shape:
        raise InvalidInputError(f"{where}: expected at least one example of at least one value, got shape {x.shape}.")
    if is_channels_first(x.shape[1:]):
        raise InvalidInputError(
            f"{where}: expected images with their channels last, (N, H, W, C), got {x.shape}, which looks like "
            "(N, C, H, W); give np.moveaxis(x, 1, -1)."
        )
    x = _convert(x, where)
    if x.ndim == 3 and (x.dtype == np.uint8 or min(x.shape[1:]) >= SMALLEST_IMAGE):
        x = x[..., np.newaxis]
    return x


def _convert(x: np.ndarray, where: str) -> np.ndarray:
    if x.dtype == bool:
        return x.astype(np.uint8) * np.uint8(255)
    if x.dtype == np.uint8:
        return np.ascontiguousarray(x)
    with np.errstate(over="ignore"):
        converted = np.ascontiguousarray(x, dtype=np.float32)
    infinite = np.isinf(converted)
    if infinite.any():
        first = tuple(int(i) for i in np.unravel_index(infinite.argmax(), infinite.shape))
        raise InvalidInputError(
            f"{where}: expected finite float32 values, got {int(infinite.sum())} infinite or too large values, "
            f"the first ({x[first]}) at index {first}; remove or replace them."
        )
    return converted


def validate_labels(y: object, length: int, where: str = "y") -> np.ndarray:
    """Checks labels, `(N,)` or `(N, 1)` whole numbers, one for each of `length` examples; returns int64 `(N,)`.

    Raises:
        InvalidInputError: if the labels are not whole numbers, or if the number of labels is not `length`.

    Example:

    >>> validate_labels([2.0, 0.0], 2)
    array([2, 0])
    """
    y = _whole(_array(y, where))
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if y.dtype.kind not in "biu" or y.ndim != 1:
        raise InvalidInputError(f"{where}: expected integer labels of shape (N,), got {_describe(y)}; convert them.")
    if len(y) != length:
        raise InvalidInputError(f"{where}: expected one label for each of {length} examples, got {len(y)} labels.")
    return y.astype(np.int64)


def validate_conditions(y: object, length: int, where: str = "y") -> np.ndarray:
    """Checks labels, or vectors in their place, one for each of `length` examples.

    Labels are as in `validate_labels`, except that a column `(N, 1)` of them has a dtype of integers: they become int64
    `(N,)`. All other numbers `(N, D)` are vectors, such as one-hot labels or measurements: they become float32.

    Raises:
        InvalidInputError: if they are neither, or if their number is not `length`.

    Example:

    >>> validate_conditions([2.0, 0.0], 2), validate_conditions([[0.5, 0.2]], 1).shape
    (array([2, 0]), (1, 2))
    """
    y = _array(y, where)
    if y.ndim < 2 or (y.shape[1:] == (1,) and y.dtype.kind != "f"):
        if y.ndim == 1 and y.dtype.kind == "f" and _whole(y).dtype.kind == "f":
            raise InvalidInputError(
                f"{where}: expected integer labels of shape (N,) or vectors of shape (N, D), got {_describe(y)}; "
                "convert them to integers, or to vectors of one number by y[:, None]."
            )
        return validate_labels(y, length, where)
    if y.ndim > 2 or y.dtype.kind not in "biuf" or not y.shape[1]:
        raise InvalidInputError(
            f"{where}: expected integer labels of shape (N,) or vectors of shape (N, D), got {y.dtype} of shape "
            f"{y.shape}; convert them."
        )
    if len(y) != length:
        raise InvalidInputError(f"{where}: expected one vector for each of {length} examples, got {len(y)} vectors.")
    with np.errstate(over="ignore"):  # a number that float32 does not have becomes infinity
        vectors = y.astype(np.float32)
    good = np.isfinite(vectors).all(axis=1)
    if not good.all():
        raise InvalidInputError(
            f"{where}: expected finite numbers in each vector, got {vectors[np.argmin(good)].tolist()} at index "
            f"{np.argmin(good)}; remove or replace them."
        )
    return vectors


def validate_factors(factors: object, length: int | None = None, where: str = "factors") -> np.ndarray:
    """Checks factors of variation, `(N, K)` integers, a row for each of `length` examples; returns int64 `(N, K)`.

    Raises:
        InvalidInputError: if the factors are not integers, or if the number of rows is not `length`.
    """
    factors = np.asarray(factors)
    if factors.dtype.kind not in "iu" or factors.ndim != 2 or not factors.shape[1]:
        raise InvalidInputError(
            f"{where}: expected integers of shape (N, K), got {factors.dtype} of shape {factors.shape}; "
            "give a row for each example and a column for each factor."
        )
    if length is not None and len(factors) != length:
        raise InvalidInputError(
            f"{where}: expected one row for each of {length} examples, got {len(factors)} rows; give one per example."
        )
    return factors.astype(np.int64)


def _array(values: object, where: str) -> np.ndarray:
    check_unmasked(where, values)
    try:
        return np.asarray(values)
    except ValueError as error:
        raise InvalidInputError(f"{where}: expected one array, got parts of different shapes ({error}).") from error


def _whole(values: np.ndarray) -> np.ndarray:
    """Converts floats to int64 if all of them are whole numbers; returns other arrays unchanged."""
    # 2^63 in float64: as an integer of Python it would become a float16, which does not have it, beside such values.
    if values.dtype.kind == "f" and np.isfinite(values).all() and (abs(values) < np.float64(2**63)).all():
        return values if (values != np.floor(values)).any() else values.astype(np.int64)
    return values


def _describe(values: np.ndarray) -> str:
    """Returns the dtype, the shape, and the first value that is not a whole number."""
    fractions = values[values != np.floor(values)] if values.dtype.kind == "f" else np.array([])
    return f"{values.dtype} of shape {values.shape}" + (f" with {fractions[0]}" if len(fractions) else "")

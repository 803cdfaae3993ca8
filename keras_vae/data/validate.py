"""The one rule for what an array of examples may hold."""

import numpy as np

from keras_vae.checks import is_channels_first
from keras_vae.errors import InvalidInputError

SMALLEST_IMAGE = 8


def validate(x: object, where: str = "x") -> np.ndarray:
    """Checks an array of examples and brings it to the form that the library works with.

    Only uint8 means pixels 0..255 and stays as it is. Booleans become uint8 0 or 255. Every other integer or float
    type becomes float32 with its values kept. Images without a channel axis, `(N, H, W)`, get one when they are
    uint8 or when H and W are at least 8; vectors `(N, D)` stay. NaN stands for a value that is not known; whether a
    model can do without it is for the model to say.

    Args:
        x: array-like of shape `(N, *event)`, numbers or booleans.
        where: what `x` is, for the message.

    Returns:
        A contiguous array `(N, *event)`, uint8 or float32.

    Raises:
        InvalidInputError: if `x` is ragged, not numeric, empty, of rank below 2, holds infinity, or has the shape of
            images with their channels first.

    Example:

    >>> validate(np.zeros((5, 8, 8), bool)).shape
    (5, 8, 8, 1)
    """
    try:
        x = np.asarray(x)
    except ValueError as error:
        raise InvalidInputError(f"{where}: expected one array, got pieces of different shapes ({error}).") from error
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
    bad = np.isinf(converted)
    if bad.any():
        first = tuple(int(i) for i in np.unravel_index(bad.argmax(), bad.shape))
        raise InvalidInputError(
            f"{where}: expected finite float32 values, got {int(bad.sum())} that are infinite or too large, "
            f"the first ({x[first]}) at index {first}; remove or replace them."
        )
    return converted


def validate_labels(y: object, length: int, where: str = "y") -> np.ndarray:
    """Checks labels: `(N,)` or `(N, 1)` whole numbers, one for each of `length` examples; returns int64 `(N,)`.

    Raises:
        InvalidInputError: if the labels are not whole numbers, or not as many as there are examples.

    Example:

    >>> validate_labels([2.0, 0.0], 2)
    array([2, 0])
    """
    y = _whole(np.asarray(y))
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if y.dtype.kind not in "biu" or y.ndim != 1:
        raise InvalidInputError(f"{where}: expected integer labels of shape (N,), got {_described(y)}.")
    if len(y) != length:
        raise InvalidInputError(f"{where}: expected one label for each of {length} examples, got {len(y)} labels.")
    return y.astype(np.int64)


def validate_factors(factors: object, length: int | None = None, where: str = "factors") -> np.ndarray:
    """Checks factors of variation: `(N, K)` integers, a row for each of `length` examples; returns int64 `(N, K)`.

    Raises:
        InvalidInputError: if the factors are not integers, or not as many rows as there are examples.
    """
    factors = np.asarray(factors)
    if factors.dtype.kind not in "iu" or factors.ndim != 2 or not factors.shape[1]:
        raise InvalidInputError(
            f"{where}: expected integers of shape (N, K), got {factors.dtype} of shape {factors.shape}; "
            "give a row for each example and a column for each factor."
        )
    if length is not None and len(factors) != length:
        raise InvalidInputError(
            f"{where}: expected one row for each of {length} examples, got {len(factors)} rows; give as many."
        )
    return factors.astype(np.int64)


def _whole(values: np.ndarray) -> np.ndarray:
    """Floats that are all whole numbers as int64; anything else as it is."""
    if values.dtype.kind == "f" and np.isfinite(values).all() and (abs(values) < 2**63).all():
        return values if (values != np.floor(values)).any() else values.astype(np.int64)
    return values


def _described(values: np.ndarray) -> str:
    """Dtype, shape, and the first value that is no whole number."""
    fractions = values[values != np.floor(values)] if values.dtype.kind == "f" else ()
    return f"{values.dtype} of shape {values.shape}" + (f" with {fractions[0]}" if len(fractions) else "")

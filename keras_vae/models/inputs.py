"""Examples are checked here before a model sees them."""

from typing import Any

import numpy as np
import tensorflow as tf

from keras_vae.distributions import Head
from keras_vae.errors import InvalidInputError


def check_examples(x: Any, likelihood: Head, *, part: str = "x") -> np.ndarray:
    """`x` as an array of examples `(N, *event_shape)` that the likelihood can explain.

    uint8 stays uint8 and means 0..255; every other number becomes float32 and is taken as it is.

    Raises:
        InvalidInputError: for the wrong rank or shape, no examples, values that are no numbers, not finite or
            outside the support of the likelihood.
    """
    try:
        x = np.asarray(x)
    except (ValueError, TypeError) as error:
        raise InvalidInputError(f"{part}: expected an array of numbers; {error}.") from error
    if not (np.issubdtype(x.dtype, np.number) or x.dtype == bool) or np.iscomplexobj(x):
        raise InvalidInputError(f"{part}: expected an array of real numbers, got dtype {x.dtype}.")
    expected = likelihood.event_shape
    if x.shape[1:] != expected or x.ndim == 0:
        hint = " (one example needs a batch axis: x[None])" if x.shape == expected else ""
        raise InvalidInputError(f"{part}: expected shape (N, {_commas(expected)}), got {x.shape}{hint}.")
    if len(x) == 0:
        raise InvalidInputError(f"{part}: expected at least one example, got none.")
    low, high = x.min(), x.max()  # both are NaN if any value is
    if x.dtype == np.uint8:
        likelihood.check_support(low / 255, high / 255)
        return x
    if not (np.isfinite(low) and np.isfinite(high)):
        rows = np.flatnonzero(~np.isfinite(x).reshape(len(x), -1).all(axis=1))
        raise InvalidInputError(
            f"{part}: expected finite numbers, got NaN or infinity in {len(rows)} of {len(x)} examples, "
            f"the first at index {rows[0]}; drop or repair them."
        )
    likelihood.check_support(float(low), float(high))
    return x.astype("float32", copy=False)


def check_codes(z: Any, latent_shape: tuple[int, ...]) -> np.ndarray:
    """`z` as a float32 array of codes `(N, *latent_shape)`.

    Raises:
        InvalidInputError: for any other shape, no codes, or values that are not finite numbers.
    """
    try:
        z = np.asarray(z, dtype="float32")
    except (ValueError, TypeError) as error:
        raise InvalidInputError(f"z: expected an array of numbers; {error}.") from error
    if z.shape[1:] != latent_shape or z.ndim == 0 or len(z) == 0 or not np.isfinite(z).all():
        raise InvalidInputError(
            f"z: expected finite codes of shape (N, {_commas(latent_shape)}), N >= 1; "
            f"got shape {z.shape}{'' if np.isfinite(z).all() else ' with NaN or infinity'}."
        )
    return z


def check_training_data(data: Any, y: Any, likelihood: Head, *, sample_weight: Any = None, **_: Any) -> None:
    """Checks what is given to `fit` or `evaluate`: an array whole, a `tf.data.Dataset` by its first batch."""
    if sample_weight is not None and y is None:
        raise InvalidInputError("sample_weight: Keras would drop it without a y; give y=x beside it.")
    if isinstance(data, tf.data.Dataset):
        data = next(iter(data.take(1)), None)
        if data is None:
            raise InvalidInputError("data set: expected at least one batch, got none.")
    if isinstance(data, tuple):
        data = data[0]
    if isinstance(data, (np.ndarray, tf.Tensor, list)):
        check_examples(data, likelihood)


def check_positive_integer(name: str, value: Any) -> None:
    """Raises `InvalidInputError` if `value` is no integer >= 1."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
        raise InvalidInputError(f"{name} must be an integer >= 1; got {value!r}.")


def _commas(shape) -> str:
    return ", ".join(map(str, shape))

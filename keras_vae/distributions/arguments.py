"""Checks of arguments that families and priors share; each returns what it has checked."""

import numpy as np
import tensorflow as tf

from keras_vae.errors import InvalidInputError

TOLERANCE = 1e-3


def check_vector(part: str, event_shape: tuple[int, ...], *, least: int = 1) -> int:
    """The length of vectors of `event_shape`; raises `InvalidInputError` if it is no `(D,)` with D >= `least`."""
    if len(event_shape) != 1 or event_shape[0] < least:
        raise InvalidInputError(
            f"{part}: expected an event_shape (D,) with D >= {least}, got {event_shape}; "
            "flatten the event or choose another family."
        )
    return event_shape[0]


def root_mean_square(x: np.ndarray) -> float:
    """The largest of the columns' root mean squares, of the values that are known."""
    with np.errstate(all="ignore"):
        squares = np.where(np.isnan(x), 0.0, x.astype("float64")) ** 2
    return float(np.sqrt(squares.mean(axis=0)).max(initial=0.0))


def is_one(total: tf.Tensor) -> tf.Tensor:
    """Where sums or lengths are 1, up to rounding."""
    return tf.abs(total - 1.0) < TOLERANCE

"""Checks of arguments that families and priors share."""

import numpy as np
import tensorflow as tf

from keras_vae.errors import InvalidInputError

TOLERANCE = 1e-3


def check_vector(part: str, event_shape: tuple[int, ...], *, least: int = 1) -> int:
    """Returns D for an `event_shape` `(D,)`; raises `InvalidInputError` for other shapes and for D < `least`."""
    if len(event_shape) != 1 or event_shape[0] < least:
        raise InvalidInputError(
            f"{part}: expected an event_shape (D,) with D >= {least}, got {event_shape}; "
            "flatten the event or choose another family."
        )
    return event_shape[0]


def root_mean_square(x: np.ndarray) -> float:
    """Returns the maximum over columns of the root mean square, without NaN."""
    with np.errstate(all="ignore"):
        squares = np.where(np.isnan(x), 0.0, x.astype("float64")) ** 2
    return float(np.sqrt(squares.mean(axis=0)).max(initial=0.0))


def is_one(total: tf.Tensor) -> tf.Tensor:
    """Returns where sums or norms are 1, up to rounding."""
    return tf.abs(total - 1.0) < TOLERANCE

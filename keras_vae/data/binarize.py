"""Turns grey pixels into black or white pixels.

The intensity of a value v is `v / 255` for uint8 and v for float. White is 255 in uint8 and 1 in float32.
"""

import numpy as np
import tensorflow as tf

from keras_vae.errors import InvalidInputError, unknown

MODES = {
    "dynamic": "each pixel is white with a probability equal to its intensity, drawn again in each epoch",
    "static": "each pixel is white with a probability equal to its intensity, drawn once",
    "threshold": "each pixel with an intensity of 0.5 or more is white",
}


def check(x: np.ndarray, mode: str | None) -> None:
    """Checks the mode, and that float data are intensities in [0, 1].

    Raises:
        InvalidInputError: if the mode is unknown, or if float data contain NaN or values outside [0, 1].
    """
    if mode is None:
        return
    if mode not in MODES:
        raise InvalidInputError(unknown(mode, MODES, part="binarization"))
    if x.dtype != np.uint8 and np.isnan(x).any():
        raise InvalidInputError(f"binarize={mode!r}: expected data without NaN, got NaN; leave binarize out.")
    if x.dtype != np.uint8 and (x.min() < 0 or x.max() > 1):
        raise InvalidInputError(
            f"binarize={mode!r}: expected float data in [0, 1], got {x.min():g} to {x.max():g}; scale it or use uint8."
        )


def threshold(x: np.ndarray) -> np.ndarray:
    """Returns white where the intensity is at least 0.5, in the shape and dtype of `x`.

    Example:

    >>> threshold(np.array([[0, 127, 128, 255]], np.uint8))
    array([[  0,   0, 255, 255]], dtype=uint8)
    """
    return _paint(x >= (128 if x.dtype == np.uint8 else 0.5), x.dtype)


def static(x: np.ndarray, seed: int) -> np.ndarray:
    """Draws all of `x` `(N, *event)` once, in the shape and dtype of `x`; a pure function of `x` and `seed`."""
    generator = np.random.default_rng(seed)
    if x.dtype == np.uint8:
        return _paint(generator.integers(0, 255, x.shape, np.uint8) < x, x.dtype)
    return _paint(generator.random(x.shape, np.float32) < x, x.dtype)


def dynamic(x: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Draws a batch `x` `(B, *event)` in its shape and dtype; a pure function of `x` and `seed` `(2,)`.

    The uint8 noise is uniform on the 255 values 0..254, so `noise < v` has probability v / 255: 0 is never white
    and 255 is always white. (The bias of the generator is below 2**-32.)
    """
    if x.dtype == tf.uint8:
        noise = tf.random.stateless_uniform(tf.shape(x), seed, 0, 255, tf.int32)
        return tf.cast(noise < tf.cast(x, tf.int32), tf.uint8) * 255
    return tf.cast(tf.random.stateless_uniform(tf.shape(x), seed) < x, x.dtype)


def dynamic_alike(x: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Draws a float batch `x` `(B, *event)`, with the same noise for every example."""
    return tf.cast(tf.random.stateless_uniform(x.shape[1:], seed) < x, x.dtype)


def _paint(white: np.ndarray, dtype: np.dtype) -> np.ndarray:
    return white.astype(dtype) * dtype.type(255 if dtype == np.uint8 else 1)

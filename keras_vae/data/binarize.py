"""Turns grey pixels into black or white pixels.

The intensity of a value v is `v / 255` for uint8 and v for float. White is 255 in uint8 and 1 in float32.
"""

import math
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from keras_vae.data.lazy_array import LazyArray, sample
from keras_vae.errors import InvalidInputError, unknown

MODES = {
    "dynamic": "each pixel is white with a probability equal to its intensity, drawn again in each epoch",
    "static": "each pixel is white with a probability equal to its intensity, drawn once",
    "threshold": "each pixel with an intensity of 0.5 or more is white",
}


def check(x: np.ndarray | LazyArray, mode: str | None) -> None:
    """Checks the mode, and that float data are intensities in [0, 1]; of a lazy array, a sample is checked.

    Raises:
        InvalidInputError: if the mode is unknown, or if float data contain NaN or values outside [0, 1].
    """
    if mode is None:
        return
    if mode not in MODES:
        raise InvalidInputError(unknown(mode, MODES, part="binarization"))
    if x.dtype == np.uint8:
        return
    x = sample(x)
    if np.isnan(x).any():
        raise InvalidInputError(f"binarize={mode!r}: expected data without NaN, got NaN; leave binarize out.")
    if x.min() < 0 or x.max() > 1:
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


def static(x: np.ndarray, seed: int, indices: Sequence[int] | np.ndarray | None = None) -> np.ndarray:
    """Draws each example of `x` `(N, *event)` once, in the shape and dtype of `x`.

    An example is a pure function of the seed, its grey values and its index.

    Args:
        x: `(N, *event)`, uint8 or float32.
        seed: the seed, 0 or more.
        indices: `(N,)`, the indices of the examples in their split. None is 0 to N - 1.
    """
    white, size = np.empty(x.shape, bool), math.prod(x.shape[1:])
    bits, blocks, position = np.random.Philox(key=seed), -(-size // 8), 0  # a block is 8 numbers of 32 bits
    for row, index in enumerate(range(len(x)) if indices is None else indices):
        bits.advance((int(index) * blocks - position) % 2**256)
        position = (int(index) + 1) * blocks
        noise = bits.random_raw(4 * blocks).view(np.uint32)[:size].reshape(x.shape[1:])
        if x.dtype == np.uint8:
            # 2**32 - 1 is 255 * 0x01010101, so that the probability is v / 255.
            white[row] = (noise < x[row] * np.uint32(0x01010101)) | (x[row] == 255)
        else:
            white[row] = (noise >> 8) * np.float32(2**-24) < x[row]
    return _paint(white, x.dtype)


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


class Binarized(LazyArray):
    """A lazy array with black or white pixels.

    Args:
        base: the grey pixels.
        mode: `"static"` or `"threshold"`.
        seed: the seed, 0 or more, for `"static"`.

    Example:

    >>> from keras_vae.data.lazy_array import InMemory
    >>> Binarized(InMemory(np.array([[0, 127, 128, 255]], np.uint8)), "threshold").take([0])
    array([[  0,   0, 255, 255]], dtype=uint8)
    """

    def __init__(self, base: LazyArray, mode: str, seed: int = 0):
        super().__init__(base.shape, base.dtype)
        self.base: LazyArray = base
        self.mode, self.seed = mode, seed

    def take(self, indices: Sequence[int] | np.ndarray) -> np.ndarray:
        rows = self.base.take(indices)
        return threshold(rows) if self.mode == "threshold" else static(rows, self.seed, indices)

"""The quality of reconstructions, per example."""

import functools
from collections.abc import Iterator
from typing import Any

import numpy as np
import tensorflow as tf

from keras_vae.checks import check_number
from keras_vae.errors import InvalidInputError
from keras_vae.evaluation.arrays import as_examples, check_images, check_known, pieces, scaled

MOST_DECIBELS = 100.0
WINDOW, SIGMA = 11, 1.5  # pixels


def mse(x: Any, y: Any) -> np.ndarray:
    """The mean squared error over the observed elements of each example, `(N,)`.

    Args:
        x: examples `(N, *event_shape)`; uint8 is divided by 255; NaN is a missing element.
        y: their reconstructions, of the same shape.

    Raises:
        InvalidInputError: if the shapes differ, if values are not finite, or if all elements of an example are missing.

    Example:

    >>> mse([[0.0, np.nan, 1.0]], [[1.0, 5.0, 1.0]])
    array([0.5])
    """
    return np.concatenate([_mean_squares(*pair) for pair in _pairs("mse", x, y)])


def _mean_squares(x, y):
    x, y = (part.reshape(len(part), -1) for part in (x, y))
    unknown = np.isnan(x)
    squares = np.where(unknown, 0.0, np.subtract(x, y, dtype="float64")) ** 2
    counts = np.sum(~unknown, axis=1)
    if not counts.all():
        raise InvalidInputError(
            f"mse: expected a known element in every example, got {np.sum(counts == 0)} with NaN alone; drop them."
        )
    return squares.sum(axis=1) / counts


def psnr(x: Any, y: Any, *, peak: float = 1.0) -> np.ndarray:
    """The peak signal-to-noise ratio of each example, decibels, `(N,)`.

        10 log10(peak^2 / mse)

    The value is limited to 100 dB, so that the mean over examples is finite and rounding errors have no effect.

    Args:
        x: examples `(N, *event_shape)`; uint8 is divided by 255.
        y: their reconstructions, of the same shape.
        peak: range of the values, 1 for images in [0, 1]. For two uint8 arrays, 1 and 255 are equivalent.

    Raises:
        InvalidInputError: if the shapes differ, if values are not finite, or if the peak is not positive or does not
            match uint8.

    Example:

    >>> psnr(np.zeros((1, 4)), np.full((1, 4), 0.1)).round(3)
    array([20.], dtype=float32)

    Reference: Hore & Ziou, 2010, https://doi.org/10.1109/ICPR.2010.579
    """
    peak = check_number("psnr: peak", peak, above=0)
    are_bytes = [as_examples("psnr", part).dtype == np.uint8 for part in (x, y)]
    if all(are_bytes) and peak == 255:
        peak = 1.0
    if any(are_bytes) and peak != 1:
        raise InvalidInputError(
            f"psnr: expected a peak of 1, or of 255 if both are uint8, as uint8 is divided by 255; got {peak:g}; "
            "convert both with astype('float32') for another peak."
        )

    errors = np.concatenate([_mean_squares(check_known("psnr", part), other) for part, other in _pairs("psnr", x, y)])
    with np.errstate(divide="ignore"):
        values = 20 * np.log10(peak) - 10 * np.log10(errors)
    return np.minimum(values, MOST_DECIBELS).astype("float32")


def ssim(x: Any, y: Any) -> np.ndarray:
    """The structural similarity of each pair of images, from -1 to 1, which equal images have, `(N,)`.

        (2 m_x m_y + 0.01^2) (2 c + 0.03^2) / ((m_x^2 + m_y^2 + 0.01^2) (v_x + v_y + 0.03^2))

    with the means m, variances v and covariance c of an 11x11 Gaussian window (standard deviation 1.5), averaged over
    the windows within the image, then over channels. For smaller images, the window and its standard deviation are
    reduced in proportion. Computed by `tf.image.ssim`.

    Args:
        x: images `(N, H, W, C)`, uint8 or in [0, 1].
        y: images of the same shape.

    Raises:
        InvalidInputError: if the shapes differ, or if the arrays are not images in [0, 1].

    Example:

    >>> image = np.random.default_rng(0).random((2, 16, 16, 1))
    >>> ssim(image, image).round(4)
    array([1., 1.], dtype=float32)

    Reference: Wang, Bovik, Sheikh & Simoncelli, 2004, https://doi.org/10.1109/TIP.2003.819861
    """
    values = []
    for pair in _pairs("ssim", x, y):
        pair = [check_images("ssim", check_known("ssim", part)) for part in pair]
        values.append(_similarity(pair[0].shape[1:])(*pair).numpy())
    return np.concatenate(values)


@functools.lru_cache(maxsize=8)
def _similarity(event_shape):
    """SSIM of batches of such images, compiled."""
    side = min(WINDOW, *event_shape[:2])
    side -= (side + 1) % 2
    similarity = functools.partial(tf.image.ssim, max_val=1.0, filter_size=side, filter_sigma=SIGMA * side / WINDOW)
    images = tf.TensorSpec((None, *event_shape), tf.float32)
    return tf.function(similarity, input_signature=(images, images), autograph=False)


def _pairs(part: str, x: Any, y: Any) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Both, a batch at a time, in float32; NaN may be in the first."""
    x, y = as_examples(part, x), as_examples(part, y)
    if x.shape != y.shape:
        raise InvalidInputError(f"{part}: expected two arrays of the same shape, got {x.shape} and {y.shape}.")
    for rows in pieces(x):
        one, two = scaled(x[rows]), check_known(part, scaled(y[rows]))
        if np.isinf(one).any():
            raise InvalidInputError(f"{part}: expected finite numbers or NaN, got infinity; drop or repair it.")
        yield one, two

"""How strong a chequerboard or a grid of blocks is in images."""

from typing import Any

import numpy as np

from keras_vae.errors import InvalidInputError
from keras_vae.evaluation.arrays import as_examples, check_images, check_known, pieces, scaled

PERIODS = (2, 4, 8)
LEAST_SIDE = 32
NEAR = (-4, -3, 3, 4)
"""The frequencies to compare with; the two next ones see the same pattern through the window."""


def grid_strength(images: Any) -> float:
    """The power of patterns that repeat every 2, 4 or 8 pixels, relative to that of similar frequencies.

    It is about 1 for photographs. Decoders that upsample with strided convolutions or in patches may draw a
    chequerboard or a grid.

    Args:
        images: images `(N, H, W, C)` of at least 32x32 pixels, in [0, 1] or uint8; some hundred for a stable value.

    Returns:
        The highest ratio of both axes and the three periods.

    Raises:
        InvalidInputError: for smaller images, or values outside [0, 1].

    Example:

    >>> x = np.random.default_rng(0).random((50, 32, 32, 1)).cumsum(1).cumsum(2) / 1024
    >>> board = np.indices((32, 32)).sum(0)[..., np.newaxis] % 2
    >>> grid_strength(x) < 2, grid_strength(0.98 * x + 0.02 * board) > 100
    (True, True)

    Reference: Odena, Dumoulin & Olah, 2016, https://doi.org/10.23915/distill.00003 (why such patterns arise)
    """
    images = check_known("images", as_examples("images", images))
    if images.ndim != 4 or min(images.shape[1:3]) < LEAST_SIDE:
        raise InvalidInputError(
            f"images: expected shape (N, H, W, C) with H and W of at least {LEAST_SIDE}, got {images.shape}."
        )
    ratios = []
    for axis in (1, 2):
        window = np.hanning(images.shape[axis])
        power = np.zeros(images.shape[axis] // 2 + 1)
        for rows in pieces(images):
            lines = np.moveaxis(check_images("images", scaled(images[rows])), axis, -1)
            power += np.sum(np.abs(np.fft.rfft(lines * window, axis=-1)) ** 2, axis=(0, 1, 2))
        for period in PERIODS:
            own = round(images.shape[axis] / period)
            near = [own + step for step in NEAR if 0 < own + step < len(power)]
            ratios.append(power[own] / np.exp(np.mean(np.log(power[near] + 1e-12))))
    return float(max(ratios))

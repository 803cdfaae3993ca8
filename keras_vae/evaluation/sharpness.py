"""How sharp images are."""

from typing import Any

import numpy as np

from keras_vae.errors import InvalidInputError
from keras_vae.evaluation.arrays import as_examples, check_known, pieces, scaled


def sharpness(images: Any) -> np.ndarray:
    """The mean squared Laplacian of each image, which is low for blurred images, `(N,)`.

        L[i, j] = x[i - 1, j] + x[i + 1, j] + x[i, j - 1] + x[i, j + 1] - 4 x[i, j]

    The mean is over channels and all pixels but the outermost. The Laplacian passes the highest spatial frequencies,
    which a blur removes first, and is 0 for flat areas and even slopes. Compare the value with that of other images of
    the same kind. Noise and chequerboards increase it, too.

    Args:
        images: images `(N, H, W, C)` of at least 3x3 pixels; uint8 is divided by 255.

    Raises:
        InvalidInputError: for other shapes, or values that are not finite.

    Example:

    >>> x = np.zeros((1, 5, 5, 1))
    >>> x[0, 2, 2] = 1.0
    >>> sharpness(x).round(2)
    array([2.22], dtype=float32)

    Reference: Pech-Pacheco, Cristobal, Chamorro-Martinez & Fernandez-Valdivia, 2000,
    https://doi.org/10.1109/ICPR.2000.903548 (the variance of the Laplacian, to focus microscopes)
    """
    images = as_examples("sharpness", images)
    if images.ndim != 4 or min(images.shape[1:3]) < 3:
        raise InvalidInputError(
            f"sharpness: expected images (N, H, W, C) of at least 3x3 pixels, got shape {images.shape}."
        )
    return np.concatenate([_of_batch(check_known("sharpness", scaled(images[rows]))) for rows in pieces(images)])


def _of_batch(x):
    inner = x[:, 1:-1, 1:-1]
    laplacian = x[:, :-2, 1:-1] + x[:, 2:, 1:-1] + x[:, 1:-1, :-2] + x[:, 1:-1, 2:] - 4 * inner
    return np.mean(np.square(laplacian), axis=(1, 2, 3), dtype="float32")

"""Scikit-learn's handwritten digits, a small data set that needs no download."""

import numpy as np

from keras_vae.data.parts import Parts
from keras_vae.data.split_dataset import Split


def read_digits() -> Parts:
    """Reads the 1797 labelled digits as uint8 `(1797, 8, 8, 1)`, with the 17 grey levels scaled to 0..255.

    Example:

    >>> read_digits().train.x.shape
    (1797, 8, 8, 1)
    """
    from sklearn.datasets import load_digits

    digits = load_digits()
    pixels = np.rint(digits.images * (255 / 16)).astype(np.uint8)
    return Parts(Split(pixels, digits.target), label_names=tuple(map(str, digits.target_names)))

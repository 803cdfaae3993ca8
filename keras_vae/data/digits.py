"""Scikit-learn's handwritten digits: a small set that needs no download."""

import numpy as np

from keras_vae.data.dataset import Split
from keras_vae.data.parts import Parts


def read_digits() -> Parts:
    """The 1797 labelled 8x8 digits as uint8 `(1797, 8, 8, 1)`; their 17 grey levels are spread over 0..255.

    Example:

    >>> read_digits().train.x.shape
    (1797, 8, 8, 1)
    """
    from sklearn.datasets import load_digits

    digits = load_digits()
    pixels = np.rint(digits.images * (255 / 16)).astype(np.uint8)
    return Parts(Split(pixels, digits.target), label_names=tuple(map(str, digits.target_names)))

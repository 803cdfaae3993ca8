"""The values of the examples as features."""

import numpy as np

from keras_vae.evaluation.features.features import Features


class Pixels(Features):
    """The flattened values of an example.

    Example:

    >>> Pixels()(np.full((3, 4, 4, 1), 255, "uint8")).shape
    (3, 16)
    """

    name = "pixels"

    def of_batch(self, x: np.ndarray) -> np.ndarray:
        return x.reshape(len(x), -1)

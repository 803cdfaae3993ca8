"""Methods that process any number of examples in compiled batches."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from keras_vae.checks import check_integer
from keras_vae.interrupts import uninterrupted
from keras_vae.models.conditioning import Conditioning

NUMBERS = 4_000_000  # in a batch by default: 5102 images of 28x28, 325 of 64x64x3


class BatchedMethods(Conditioning):
    """The size of the batches in which the methods of `Autoencoder` process arrays."""

    def batch_size_for(self, batch_size: int | None = None) -> int:
        """`batch_size`, or a value derived from the size of an example if it is None."""
        if batch_size is None:
            return max(16, NUMBERS // max(math.prod(self.event_shape), math.prod(self.latent_shape)))
        return check_integer("batch_size", batch_size)


def map_batches(function: Callable[..., Any], batch_size: int, x: np.ndarray, *others: np.ndarray | None) -> Any:
    """Applies `function` to the fewest batches of at most `batch_size` rows; their lengths differ by at most one."""
    pieces = math.ceil(len(x) / batch_size)
    columns = [[None] * pieces if array is None else np.array_split(array, pieces) for array in (x, *others)]
    parts = []
    for row in zip(*columns, strict=True):
        with uninterrupted():
            parts.append(function(*row))
    return parts[0] if len(parts) == 1 else tf.nest.map_structure(lambda *part: tf.concat(part, axis=0), *parts)

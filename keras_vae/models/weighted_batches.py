"""Batches of a `keras.utils.PyDataset` with a weight for each example by its label."""

from collections.abc import Mapping

import keras
import numpy as np

from keras_vae.errors import InvalidInputError
from keras_vae.models.inputs import weights_of_labels


class WeightedBatches(keras.utils.PyDataset):
    """The batches `(x, y)` of a `keras.utils.PyDataset` as `(x, y, sample_weight)`, see `weights_of_labels`.

    Args:
        batches: the data set.
        class_weight: label -> weight.
    """

    def __init__(self, batches: keras.utils.PyDataset, class_weight: Mapping[int, float]):
        workers = {name: getattr(batches, name) for name in ("workers", "use_multiprocessing", "max_queue_size")}
        super().__init__(**workers)
        self.batches, self.class_weight = batches, class_weight

    @property
    def num_batches(self):
        return self.batches.num_batches

    def __getitem__(self, index):
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(self.batches[index])
        if y is None or sample_weight is not None:
            raise InvalidInputError("class_weight: expected batches (x, y) of examples and labels; leave it out.")
        y = np.asarray(y)
        if y.dtype.kind not in "biuf":
            raise InvalidInputError(f"class_weight: expected labels as whole numbers or one-hot rows; got {y.dtype}.")
        return x, y, weights_of_labels(y, self.class_weight).numpy()

    def on_epoch_begin(self):
        self.batches.on_epoch_begin()

    def on_epoch_end(self):
        self.batches.on_epoch_end()

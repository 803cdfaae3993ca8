"""What `fit`, `evaluate` and `predict` give to Keras for generators and `keras.utils.PyDataset`."""

import inspect
from typing import Any

import keras
import tensorflow as tf
from keras.src.trainers.data_adapters import get_data_adapter
from keras.src.trainers.data_adapters.data_adapter import DataAdapter

from keras_vae.pipeline_options import without_tuning


class StreamAdapter(DataAdapter):
    """Keras's adapter of a stream of batches, without the tuning of its pipeline, see `pipeline_options`.

    Args:
        x: the generator or `keras.utils.PyDataset`.
        y: None; Keras refuses others, since they are in the batches.
        sample_weight: see `y`.
        shuffle: as in `keras.Model.fit`.
    """

    def __init__(self, x: Any, y: Any = None, sample_weight: Any = None, *, shuffle: bool | str = False):
        self._adapter = get_data_adapter(x, y, sample_weight, shuffle=shuffle)

    def get_tf_dataset(self) -> tf.data.Dataset:
        return without_tuning(self._adapter.get_tf_dataset())

    def get_numpy_iterator(self) -> Any:
        return self._adapter.get_numpy_iterator()

    @property
    def num_batches(self) -> int | None:
        return self._adapter.num_batches

    @property
    def batch_size(self) -> int | None:
        return self._adapter.batch_size

    @property
    def has_partial_batch(self) -> bool | None:
        return self._adapter.has_partial_batch

    @property
    def partial_batch_size(self) -> int | None:
        return self._adapter.partial_batch_size

    def on_epoch_begin(self) -> None:
        self._adapter.on_epoch_begin()

    def on_epoch_end(self) -> None:
        self._adapter.on_epoch_end()


def adapted(x: Any, y: Any = None, sample_weight: Any = None, *, shuffle: bool | str = False) -> Any:
    """Returns a `StreamAdapter` of a generator or `keras.utils.PyDataset`, and all else as it is."""
    if inspect.isgenerator(x) or isinstance(x, keras.utils.PyDataset):
        return StreamAdapter(x, y, sample_weight, shuffle=shuffle)
    return x

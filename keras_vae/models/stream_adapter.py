"""What `fit`, `evaluate` and `predict` give to Keras for generators, `keras.utils.PyDataset` and other loaders."""

from typing import Any

import tensorflow as tf
from keras.src.trainers.data_adapters import get_data_adapter
from keras.src.trainers.data_adapters.data_adapter import DataAdapter

from keras_vae.models.inputs import is_array
from keras_vae.pipeline_options import without_tuning


class StreamAdapter(DataAdapter):
    """Keras's adapter of a stream of batches, without the tuning of its pipeline, see `pipeline_options`.

    Args:
        x: the stream: a generator, a `keras.utils.PyDataset`, or a loader of PyTorch or grain.
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
    """Returns a `StreamAdapter` of a stream; arrays and data sets of TensorFlow remain as they are."""
    if is_array(x) or hasattr(x, "element_spec"):  # as a tf.data.Dataset and a tf.distribute.DistributedDataset have
        return x
    return StreamAdapter(x, y, sample_weight, shuffle=shuffle)

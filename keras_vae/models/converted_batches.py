"""A data set of batches after a function."""

from collections.abc import Callable
from typing import Any

import keras


class ConvertedBatches(keras.utils.PyDataset):
    """The batches of a `keras.utils.PyDataset`, each after a function.

    Args:
        batches: the data set.
        convert: of a batch; if the data set makes processes, one that can be pickled.
    """

    def __init__(self, batches: keras.utils.PyDataset, convert: Callable[[Any], Any]):
        workers = {name: getattr(batches, name) for name in ("workers", "use_multiprocessing", "max_queue_size")}
        super().__init__(**workers)
        self.batches, self.convert = batches, convert

    @property
    def num_batches(self) -> int | None:
        return self.batches.num_batches

    def __getitem__(self, index: int) -> Any:
        return self.convert(self.batches[index])

    def on_epoch_begin(self) -> None:
        self.batches.on_epoch_begin()

    def on_epoch_end(self) -> None:
        self.batches.on_epoch_end()

"""Images of TensorFlow Datasets, decoded when they are needed."""

import io
import os
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import tensorflow as tf

from keras_vae.data.encoded_images import decoders
from keras_vae.data.images import fit
from keras_vae.data.lazy_array import LazyArray
from keras_vae.data.tfrecord_files import TFRecordFiles
from keras_vae.errors import InvalidInputError, one_line
from keras_vae.pipeline_options import pipeline_options
from keras_vae.progress import progress

BATCH = 512
MODES = {1: "L", 3: "RGB", 4: "RGBA"}
PNG, PNG_BITS = b"\x89PNG\r\n\x1a\n", 24
"""The first bytes of a PNG file, and the place of its number of bits per sample."""
CYCLE = 16
"""The number of files that TensorFlow Datasets reads in turn, and the number of examples that it takes of each."""


class _Records(Protocol):
    def take(self, indices: np.ndarray) -> list[bytes]: ...


class TfdsImages(LazyArray):
    """Images of a split of TensorFlow Datasets, decoded when they are needed, `(N, H, W, C)` in uint8.

    Pixels and order are those of `builder.as_dataset`.

    Args:
        builder: the builder of a set that is prepared, in local TFRecord or ArrayRecord files.
        split: name of the split.
        key: name of the feature with the images.
        shape: `(H, W, C)`.
        fitted: whether images are resized to this shape, see `keras_vae.data.images.fit`.

    Raises:
        InvalidInputError: if the files have another format, or if they are damaged; by `take` also if they are damaged.
    """

    def __init__(self, builder: Any, split: str, key: str, shape: tuple[int, int, int], *, fitted: bool):
        self.builder, self.split, self.key, self.fitted = builder, split, key, fitted
        self.scale = 1
        """The factor of the pixels: 255 for pixels of 0 and 1."""
        super().__init__((builder.info.splits[split].num_examples, *shape), np.uint8)
        self._records = self._open()
        self._order = self._find_order()

    def take(self, indices: Sequence[int] | np.ndarray) -> np.ndarray:
        indices = np.asarray(indices)
        contents = self._parse(self._order[indices], [self.key])[self.key]
        result = np.empty((len(indices), *self.shape[1:]), np.uint8)

        def fill(rows: np.ndarray) -> None:
            for row in rows:
                pixels = self._decode(bytes(contents[row]))
                result[row] = resize(pixels, self.shape[1:]) if self.fitted else pixels

        try:
            # A task for each image would take longer than the decoding of a small image.
            for _ in decoders().map(fill, np.array_split(np.arange(len(indices)), os.cpu_count() or 1)):
                pass  # re-raises errors
        except Exception as error:  # the decoders raise errors of many classes
            raise self._damaged(error) from error
        if self.scale > 1:
            if result.max(initial=0) > 1:
                raise InvalidInputError(
                    f"{self.builder.name}: expected pixels of 0 and 1, as in a sample of the images, got "
                    f"{result.max()}; set stream to False."
                )
            result *= self.scale
        return result

    def values(self, keys: Sequence[str]) -> dict[str, np.ndarray]:
        """Reads integer features of all examples, `(N,)` each, without decoding the images."""
        parts = []
        starts = range(0, len(self), BATCH)
        for start in progress(starts, len(starts), f"Reading the labels of {self.builder.name} {self.split}"):
            parts.append(self._parse(np.arange(start, min(start + BATCH, len(self))), keys))
        return {key: np.concatenate([part[key] for part in parts])[self._order] for key in keys}

    def _decode(self, content: bytes) -> np.ndarray:
        """Decodes an image `(H, W, C)` to the pixels of `as_dataset`."""
        from PIL import Image

        channels = self.shape[-1]
        if content.startswith(PNG) and content[PNG_BITS] == 8:  # several times as fast; the format leaves no choice
            with Image.open(io.BytesIO(content), formats=["PNG"]) as image:
                if image.mode == MODES[channels]:
                    return np.asarray(image).reshape(image.height, image.width, channels)
        with tf.device("CPU"):
            return self.builder.info.features[self.key].decode_example(content).numpy()

    def _open(self) -> _Records:
        """Opens the records of the files, one file after the other."""
        import tensorflow_datasets as tfds

        kind = getattr(self.builder.info.file_format, "value", None)
        if kind == "array_record":
            method = tfds.decode.DeserializeMethod.RAW_BYTES
            return _ArrayRecords(self.builder.as_data_source(split=self.split, deserialize_method=method))
        if kind != "tfrecord":
            raise InvalidInputError(
                f"{self.builder.name}: expected TFRecord or ArrayRecord files, which can be read when they are needed, "
                f"got {kind} files; prepare the data set in another folder, or set stream to False."
            )
        try:
            files = TFRecordFiles([Path(file.filename) for file in self._files()])
        except InvalidInputError as error:
            raise self._damaged(error) from error
        if len(files) != len(self):
            raise self._damaged(f"expected {len(self)} examples in {self.split!r}, got {len(files)}")
        return files

    def _files(self) -> list[Any]:
        return self.builder.info.splits[self.split].file_instructions

    def _find_order(self) -> np.ndarray:
        """Returns the position of each example in the files, in the order in which `as_dataset` reads them."""
        lengths = np.array([file.take for file in self._files()], np.int64)
        if len(lengths) == 1 or self.builder.info.disable_shuffling or not isinstance(self._records, TFRecordFiles):
            return np.arange(len(self))
        with tf.device("CPU"):
            positions = tf.data.Dataset.from_tensor_slices((np.cumsum(lengths) - lengths, lengths)).interleave(
                lambda start, length: tf.data.Dataset.range(start, start + length),
                cycle_length=CYCLE,
                block_length=CYCLE,
            )
            return np.concatenate(list(positions.batch(2**16).with_options(pipeline_options()).as_numpy_iterator()))

    def _parse(self, positions: np.ndarray, keys: Sequence[str]) -> dict[str, np.ndarray]:
        specification = self.builder.info.features.tf_example_spec
        try:
            records = self._records.take(positions)
            with tf.device("CPU"):
                examples = tf.io.parse_example(records, {key: specification[key] for key in keys})
            return {key: examples[key].numpy() for key in keys}
        except (InvalidInputError, tf.errors.OpError) as error:
            raise self._damaged(error) from error

    def _damaged(self, reason: object) -> InvalidInputError:
        return InvalidInputError(
            f"{self.builder.name}: the files in {self.builder.data_dir} are damaged ({one_line(reason, 400)}): remove "
            "the folder to prepare the data set again."
        )


class _ArrayRecords:
    """The records of ArrayRecord files."""

    def __init__(self, source: Any):
        self._source, self._lock = source, threading.Lock()

    def take(self, indices: np.ndarray) -> list[bytes]:
        try:
            with self._lock:  # its readers are not documented as thread-safe
                return self._source.__getitems__([int(index) for index in indices])
        except Exception as error:  # the library raises errors of many classes
            raise InvalidInputError(one_line(error, 400)) from error


def resize(pixels: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Resizes an image (Lanczos) to cover a shape `(H, W, C)`, and crops the rest evenly."""
    from PIL import Image

    image = Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels).convert(MODES[shape[-1]])
    return fit(image, (shape[0], shape[1])).reshape(shape)

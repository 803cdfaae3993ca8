"""Encoded images in TFRecord files, decoded when they are needed."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import tensorflow as tf
from google.protobuf.message import DecodeError

from keras_vae.data.encoded_images import EncodedImages
from keras_vae.data.images import MAX_PIXELS
from keras_vae.data.tfrecord_files import TFRecordFiles


class TFRecordImages(EncodedImages):
    """Images in a feature of `tf.train.Example` records, decoded when they are needed, see `EncodedImages`.

    Args:
        source: the file or folder, for messages.
        files: the records.
        feature: name of the feature, one encoded image in each record.
        size: `(H, W)` in pixels, see `read_image`.
        grey: whether the images become grey.
        labels: `(N,)`, or None.
        max_pixels: maximum number of pixels of an image.

    Example:

    >>> from keras_vae.serving.png import png
    >>> image = tf.train.Feature(bytes_list=tf.train.BytesList(value=[png(np.ones((8, 8, 1)))]))
    >>> with tf.io.TFRecordWriter("a.tfrecord") as writer:
    ...     writer.write(tf.train.Example(features=tf.train.Features(feature={"image": image})).SerializeToString())
    >>> TFRecordImages("a", TFRecordFiles(["a.tfrecord"]), "image", (4, 4), grey=True).take([0]).shape
    (1, 4, 4, 1)
    """

    def __init__(
        self,
        source: str | Path,
        files: TFRecordFiles,
        feature: str,
        size: tuple[int, int],
        *,
        grey: bool,
        labels: np.ndarray | None = None,
        max_pixels: int = MAX_PIXELS,
    ):
        super().__init__(source, len(files), size, grey=grey, labels=labels, max_pixels=max_pixels)
        self.files, self.feature = files, feature

    def encoded(self, index: int) -> bytes | None:
        (record,) = self.files.take([index])
        try:
            features = tf.train.Example.FromString(record).features.feature
        except DecodeError:
            return None
        values = features[self.feature].bytes_list.value if self.feature in features else ()
        return values[0] if len(values) == 1 else None

    def name_of(self, index: int) -> str:
        return self.files.name_of(index)

    def digest_of_source(self) -> Iterable[np.ndarray]:
        """Returns the names of the files, the positions of the records, and which of them these images are."""
        return *self.files.digest_arrays(), self.indices

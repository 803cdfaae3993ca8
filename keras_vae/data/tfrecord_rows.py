"""Lists of numbers in TFRecord files, read when they are needed."""

import re
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from keras_vae.data.lazy_array import LazyArray
from keras_vae.data.tfrecord_files import TFRecordFiles
from keras_vae.digest import digest_of
from keras_vae.errors import InvalidInputError, one_line

NODES = r"\{\{.*?\}\}|\[Op:.*"
"""What TensorFlow adds to a message about its own operations."""


class TFRecordRows(LazyArray):
    """A feature of `tf.train.Example` records, a list of numbers, read when it is needed, `(N, D)` in float32.

    Args:
        files: the records.
        feature: name of the feature.
        length: D.
        kind: dtype of the feature in the files, `tf.float32` or `tf.int64`.

    Raises:
        InvalidInputError: by `take`, if a record has no such feature, or with another number of values.

    Example:

    >>> x = tf.train.Feature(float_list=tf.train.FloatList(value=[1, 2, 3]))
    >>> with tf.io.TFRecordWriter("a.tfrecord") as writer:
    ...     writer.write(tf.train.Example(features=tf.train.Features(feature={"x": x})).SerializeToString())
    >>> TFRecordRows(TFRecordFiles(["a.tfrecord"]), "x", 3, tf.float32).take([0])
    array([[1., 2., 3.]], dtype=float32)
    """

    def __init__(self, files: TFRecordFiles, feature: str, length: int, kind: tf.DType):
        super().__init__((len(files), length), np.float32)
        self.files, self.feature, self.kind = files, feature, kind

    def take(self, indices: Sequence[int] | np.ndarray) -> np.ndarray:
        rows = parse(self.files, indices, self.feature, self.shape[1:], self.kind)
        return rows.reshape(len(indices), self.shape[1]).astype(np.float32, copy=False)

    def digest(self) -> str:
        """Returns a digest of the names of the files, the positions of the records, and a sample of the rows."""
        return digest_of([np.array(self.shape), *self.files.digest_arrays(), self.sample(256, 2**22)])


def parse(
    files: TFRecordFiles, indices: Sequence[int] | np.ndarray, feature: str, shape: Sequence[int], kind: tf.DType
) -> np.ndarray:
    """Reads one feature of records.

    Args:
        files: the records.
        indices: `(B,)`, which of them.
        feature: name of the feature.
        shape: shape of its values.
        kind: `tf.float32`, `tf.int64` or `tf.string`.

    Returns:
        `(B, *shape)`.

    Raises:
        InvalidInputError: if a record lacks the feature, or if it has other values.
    """
    records, features = files.take(indices), {feature: tf.io.FixedLenFeature(shape, kind)}
    with tf.device("CPU"):
        try:
            return tf.io.parse_example(records, features)[feature].numpy()
        except tf.errors.OpError:
            for index, record in zip(indices, records, strict=True):
                try:
                    tf.io.parse_single_example(record, features)
                except tf.errors.OpError as error:
                    reason = one_line(re.sub(NODES, "", error.message, flags=re.DOTALL))
                    raise InvalidInputError(
                        f"{files.name_of(int(index))}, feature {feature!r}: expected {kind.name} of shape "
                        f"{tuple(shape)}, as in the first record; {reason}; correct or remove the record."
                    ) from error
            raise

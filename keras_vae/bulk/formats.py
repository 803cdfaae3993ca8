"""The output formats of answers and rejected records: Parquet, or TFRecord files of `tf.train.Example`."""

from collections.abc import Mapping, Sequence
from math import prod

import numpy as np
import pyarrow as pa
import tensorflow as tf

from keras_vae.bulk.record import AnsweredRecord, RejectedRecord

FORMATS = ("parquet", "tfrecord")


class AnswerRows:
    """Answers as rows with a column `key` and a column for each output.

    Parquet stores a scalar output as a number and any other output as a list of fixed length, in row-major order. The
    metadata of the column contain its `shape`. TFRecord stores every output as a flat list of floats or integers.

    Args:
        outputs: outputs of the signature, name -> specification.

    Example:

    >>> str(AnswerRows({"mean": tf.TensorSpec((None, 2))}).schema.field("mean").type)
    'fixed_size_list<item: float>[2]'
    """

    def __init__(self, outputs: Mapping[str, tf.TensorSpec]):
        columns = [pa.field("key", pa.string(), nullable=False)]
        for name, spec in outputs.items():
            shape, number = tuple(spec.shape[1:]), pa.from_numpy_dtype(spec.dtype.as_numpy_dtype)
            kind = pa.list_(number, prod(shape)) if shape else number
            columns.append(pa.field(name, kind, metadata={"shape": ",".join(map(str, shape))}))
        self.schema = pa.schema(columns)

    def table(self, answers: Sequence[AnsweredRecord]) -> pa.Table:
        """Returns the rows of a Parquet file."""
        columns = [pa.array([answer.key for answer in answers], pa.string())]
        for field in list(self.schema)[1:]:
            values = np.stack([answer.outputs[field.name] for answer in answers])
            if pa.types.is_fixed_size_list(field.type):
                flat = pa.array(values.reshape(-1), field.type.value_type)
                columns.append(pa.FixedSizeListArray.from_arrays(flat, field.type.list_size))
            else:
                columns.append(pa.array(values, field.type))
        return pa.table(columns, schema=self.schema)

    def example(self, answer: AnsweredRecord) -> bytes:
        """Returns a serialized `tf.train.Example`."""
        return _serialize({"key": _bytes(answer.key)} | {name: _flat(v) for name, v in answer.outputs.items()})


class DeadLetterRows:
    """RejectedRecord records as rows of text: `key`, `place`, `kind` and `reason`."""

    schema = pa.schema([(name, pa.string()) for name in ("key", "place", "kind", "reason")])

    def table(self, rejected: Sequence[RejectedRecord]) -> pa.Table:
        """Returns the rows of a Parquet file."""
        return pa.Table.from_pylist([self._row(record) for record in rejected], schema=self.schema)

    def example(self, rejected: RejectedRecord) -> bytes:
        """Returns a serialized `tf.train.Example`."""
        return _serialize({name: _bytes(text) for name, text in self._row(rejected).items() if text is not None})

    @staticmethod
    def _row(rejected: RejectedRecord) -> dict[str, str | None]:
        return {"key": rejected.key, "place": str(rejected.place), "kind": rejected.kind, "reason": rejected.reason}


Rows = AnswerRows | DeadLetterRows


def _flat(value: np.ndarray) -> tf.train.Feature:
    flat = np.ravel(value)
    if flat.dtype.kind == "f":
        return tf.train.Feature(float_list=tf.train.FloatList(value=flat))
    return tf.train.Feature(int64_list=tf.train.Int64List(value=flat.astype(np.int64)))


def _bytes(text: str) -> tf.train.Feature:
    return tf.train.Feature(bytes_list=tf.train.BytesList(value=[text.encode()]))


def _serialize(features: Mapping[str, tf.train.Feature]) -> bytes:
    return tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString()

"""An export, and records of every format to ask it about."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import tensorflow as tf

from keras_vae import serving, zoo
from keras_vae.data import Split

SIZE = 6


@pytest.fixture(scope="session")
def model():
    return zoo.vae((SIZE,), 2, units=(8,))


@pytest.fixture(scope="session")
def export(model, tmp_path_factory):
    training = Split(np.random.default_rng(1).random((60, SIZE), "float32"))
    return serving.export(model, tmp_path_factory.mktemp("exports") / "vectors", training=training, check=False)


@pytest.fixture(scope="session")
def x():
    return np.random.default_rng(0).random((1000, SIZE), "float32")


@pytest.fixture
def write_parquet(tmp_path):
    def write_parquet(rows, *, keys=None, name="in.parquet", column="x", row_group_size=300):
        columns = {column: pa.array(list(rows), pa.list_(pa.float32()))}
        pq.write_table(pa.table(columns | ({} if keys is None else {"id": keys})), tmp_path / name, row_group_size)
        return tmp_path / name

    return write_parquet


@pytest.fixture
def write_tfrecord(tmp_path):
    def write_tfrecord(rows, *, name="in.tfrecord", feature="x"):
        with tf.io.TFRecordWriter(str(tmp_path / name)) as file:
            for row in rows:
                features = {feature: tf.train.Feature(float_list=tf.train.FloatList(value=row))}
                file.write(tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString())
        return tmp_path / name

    return write_tfrecord


@pytest.fixture
def read():
    """What is in a folder of answers or dead letters: place or key -> row."""

    def read(folder):
        rows = pq.read_table(folder).to_pylist()
        found = {row.get("place") or row["key"]: row for row in rows}
        assert len(found) == len(rows), "nothing twice"
        return found

    return read

"""A TFRecord file is read to its end, or it is said where it is damaged."""

import gzip

import numpy as np
import pytest
import tensorflow as tf

from keras_vae.tfrecord import HEADER, DamagedFileError, _masked_checksum, read_records

RECORDS = [b"", b"one", b"x" * 40]
ENDS = [16, 35, 91]
"""Where each of them ends: 12 bytes of header, the record, 4 of checksum."""


@pytest.fixture
def path(tmp_path):
    with tf.io.TFRecordWriter(str(tmp_path / "a.tfrecord")) as writer:
        for record in RECORDS:
            writer.write(record)
    return tmp_path / "a.tfrecord"


def read(path):
    """The records, and what is wrong with the file."""
    found = []
    try:
        for record in read_records(str(path)):
            found.append(record)
    except DamagedFileError as error:
        return found, str(error)
    return found, None


def test_what_tensorflow_writes_is_read(path):
    assert path.stat().st_size == ENDS[-1]
    assert read(path) == (RECORDS, None)
    path.write_bytes(b"")
    assert read(path) == ([], None)


def test_compressed_files_are_read(tmp_path):
    name = str(tmp_path / "a.tfrecord.gz")
    records = [np.random.default_rng(0).bytes(3 * 2**20), *RECORDS]
    with tf.io.TFRecordWriter(name, tf.io.TFRecordOptions(compression_type="GZIP")) as writer:
        for record in records:
            writer.write(record)
    assert read(name) == (records, None)


def test_wherever_a_file_is_cut_the_whole_records_are_read_and_the_rest_is_missed(path):
    content = path.read_bytes()
    for size in range(1, len(content)):
        path.write_bytes(content[:size])
        found, problem = read(path)
        assert found == RECORDS[: sum(end <= size for end in ENDS)]
        assert (problem is None) == (size in ENDS), size


def test_wherever_a_compressed_file_is_cut_that_is_seen(path):
    content = gzip.compress(path.read_bytes())
    for size in range(13, len(content)):
        path.write_bytes(content[:size])
        found, problem = read(path)
        assert problem is not None and found == RECORDS[: len(found)]


def test_a_changed_bit_is_never_read_as_a_record(path):
    content = path.read_bytes()
    for bit in range(8 * len(content)):
        changed = bytearray(content)
        changed[bit // 8] ^= 1 << bit % 8
        path.write_bytes(changed)
        found, problem = read(path)
        assert problem is not None and found == RECORDS[: sum(end <= bit // 8 for end in ENDS)]


@pytest.mark.parametrize("length", [10**9, 10**12, 2**63 + 1, 2**64 - 1])
def test_a_length_that_the_file_does_not_have_costs_nothing(path, length):
    """TensorFlow's own reader ends the process at some of them."""
    claimed = HEADER.pack(length, 0)[:8]
    path.write_bytes(HEADER.pack(length, _masked_checksum(claimed)) + b"abc")
    found, problem = read(path)
    assert found == [] and problem

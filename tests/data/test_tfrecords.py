"""TFRecord files: images and rows, read when they are needed or into memory."""

import gzip
import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from keras_vae.data import load, prepare
from keras_vae.data.lazy_array import Joined, LazyArray
from keras_vae.data.tfrecord_files import TFRecordFiles
from keras_vae.data.tfrecord_images import TFRecordImages
from keras_vae.errors import InvalidInputError

PARTS = ("train", "validation", "test")


def png(pixels):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def feature(value):
    values = value if isinstance(value, list) else [value]
    if isinstance(values[0], bytes):
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=values))
    if isinstance(values[0], float):
        return tf.train.Feature(float_list=tf.train.FloatList(value=values))
    return tf.train.Feature(int64_list=tf.train.Int64List(value=values))


def write(path, examples):
    with tf.io.TFRecordWriter(str(path)) as writer:
        for example in examples:
            content = tf.train.Features(feature={name: feature(value) for name, value in example.items()})
            writer.write(tf.train.Example(features=content).SerializeToString())
    return path


def photos(count, first=0):
    """Coloured images of various sizes; the label, a text, follows from the pixels."""
    rng = np.random.default_rng(first)
    for number in range(count):
        pixels = rng.integers(0, 128, (8 + number % 3, 9, 3), np.uint8) + np.uint8(127 * (number % 2))
        yield {"image/encoded": png(pixels), "image/class/label": b"dog" if number % 2 else b"cat", "id": number}


def test_images_are_streamed_as_in_memory_with_the_splits_in_the_names_of_the_files(tmp_path):
    for part, counts in {"train": (7, 9), "test": (6,)}.items():
        for shard, count in enumerate(counts):
            write(tmp_path / f"{part}-{shard:05}-of-{len(counts):05}.tfrecord", photos(count, shard))
    small, lazy = (load(tmp_path, image_size=8, stream=stream) for stream in (None, True))
    assert [len(getattr(small, part)) for part in PARTS] == [14, 2, 6] and small.event_shape == (8, 8, 3)
    assert small.label_names == ("cat", "dog")
    np.testing.assert_array_equal(small.train.y, small.train.x.mean((1, 2, 3)) > 128)
    for part in PARTS:
        assert isinstance(getattr(small, part).x, np.ndarray) and isinstance(getattr(lazy, part).x, LazyArray)
        np.testing.assert_array_equal(np.asarray(getattr(lazy, part).x), getattr(small, part).x)
        np.testing.assert_array_equal(getattr(lazy, part).y, getattr(small, part).y)
    limited = load(tmp_path, image_size=8, limit=2)
    np.testing.assert_array_equal(limited.train.x, small.train.x[:2])
    swapped = load(tmp_path, image_size=8, label_names=["dog", "cat"])
    np.testing.assert_array_equal(swapped.train.y, 1 - small.train.y)
    assert lazy.digests() == load(tmp_path, image_size=8, stream=True).digests()


def test_an_image_that_cannot_be_decoded_is_skipped_or_replaced_and_named(tmp_path):
    examples = list(photos(20))
    examples[5]["image/encoded"] = b"no image"
    del examples[8]["image/encoded"]
    path = write(tmp_path / "a.tfrecord", examples)
    with pytest.warns(UserWarning, match=r"2 of 20 .* Skipped a.tfrecord, record 5: .*record 8: it has no image"):
        assert len(load(path, image_size=8, validation=2, test=2).train) == 14
    lazy = load(path, image_size=8, stream=True, validation=2, test=2)
    whole = Joined([lazy.train.x, lazy.validation.x, lazy.test.x])
    with pytest.warns(UserWarning, match="skipped a.tfrecord, record [58]: ") as warned:
        x = np.asarray(whole)
    assert len(warned) == 2
    y = np.concatenate([lazy.train.y, lazy.validation.y, lazy.test.y])
    np.testing.assert_array_equal(y, x.mean((1, 2, 3)) > 128)


@pytest.mark.parametrize("value", [0.5, 3])
def test_rows_of_numbers_are_streamed_as_in_memory(tmp_path, value):
    path = write(tmp_path / "a.tfrecords", [{"x": [value, value * i], "label": i % 3} for i in range(20)])
    small, lazy = (load(path, stream=stream) for stream in (None, True))
    assert small.event_shape == (2,) and small.train.x.dtype == np.float32 and small.name == "a"
    np.testing.assert_array_equal(np.rint(small.train.x[:, 1] / value) % 3, small.train.y)
    for part in PARTS:
        assert isinstance(getattr(lazy, part).x, LazyArray)
        np.testing.assert_array_equal(np.asarray(getattr(lazy, part).x), getattr(small, part).x)


@pytest.mark.parametrize(
    ("examples", "message"),
    [
        ([{"x": [1.0, 2.0]}] * 3 + [{"x": [1.0]}], r"a.tfrecord, record 3, feature 'x': expected float32 of shape"),
        (
            [{"x": [1.0, 2.0], "label": 1}, {"x": [1.0, 2.0]}],
            r"record 1, feature .label.: expected int64 of shape ",
        ),
        ([{"a": 1, "b": b"text"}], r"record 0: expected one encoded image .* got a \(1 of int64\), b \(1 of string\)"),
        ([{"a": [1, 2], "b": [1, 2]}], "expected one encoded image"),
        ([], "expected TFRecord files with records, got 1 files without any"),
        ([{"image": b"nothing"}] * 3, "got 3 records, none with an image that can be decoded"),
    ],
)
def test_records_without_the_features_are_refused(tmp_path, examples, message):
    with pytest.raises(InvalidInputError, match=message) as error:
        load(write(tmp_path / "a.tfrecord", examples))
    assert "\n" not in str(error.value)


def test_damaged_changed_and_compressed_files_are_named_with_the_record(tmp_path):
    path = write(tmp_path / "a.tfrecord", [{"x": [float(i), 1.0]} for i in range(20)])
    content, files = path.read_bytes(), TFRecordFiles([path])
    record = len(content) // 20
    assert len(files) == 20 and files.take([19, 3])[1] in content[3 * record : 4 * record]
    path.write_bytes(content[:-record] + content[-record:].replace(b"\n", b"\0", 1))
    with pytest.raises(InvalidInputError, match="it has changed since it was opened"):
        files.take([0])
    with pytest.raises(InvalidInputError, match=r"a.tfrecord, record 19: the file is damaged .the checksum of"):
        load(path)
    path.write_bytes(content[: -record - 5])
    with pytest.raises(InvalidInputError, match="record 18: the file is damaged .it ends within a record"):
        load(path)
    path.write_bytes(b"no record file at all")
    with pytest.raises(InvalidInputError, match="record 0: the file is damaged, or no TFRecord file"):
        load(path)
    path.write_bytes(gzip.compress(content))
    with pytest.raises(InvalidInputError, match=r"got a file compressed with gzip; decompress it with gzip -dc a"):
        load(path)


def test_large_and_many_images_are_lazy_and_a_folder_of_images_stays_one(tmp_path, monkeypatch):
    write(tmp_path / "a.tfrecord", photos(20))
    monkeypatch.setattr("keras_vae.data.folder.MOST_FILES", 10)
    data = load(tmp_path)
    assert isinstance(data.train.x, LazyArray) and "decoded when they are needed" in " ".join(data.notes)
    assert "resized and cropped to 8x9, the size of the first" in " ".join(data.notes)
    for number in range(4):
        (tmp_path / f"{number}.png").write_bytes(png(np.zeros((4, 4), np.uint8)))
    with pytest.warns(UserWarning, match="Skipped 1 files that are not PNG"):
        assert load(tmp_path).event_shape == (4, 4, 1)


def test_prepared_records_are_the_records_also_after_an_interruption(tmp_path, monkeypatch):
    examples = list(photos(20))
    examples[5]["image/encoded"] = examples[18]["image/encoded"] = b"no image"
    write(tmp_path / "train.tfrecord", examples)
    rows = write(tmp_path / "rows.tfrecords", [{"x": [0.5, float(i)], "label": i % 3} for i in range(20)])
    out, take, limit = tmp_path / "prepared", TFRecordImages.take, 2
    source = tmp_path / "train.tfrecord"

    def interrupted(self, indices):
        nonlocal limit
        if len(indices) == 7 and not (limit := limit - 1):
            raise KeyboardInterrupt
        return take(self, indices)

    monkeypatch.setattr(TFRecordImages, "take", interrupted)
    with pytest.raises(KeyboardInterrupt), pytest.warns(UserWarning, match="record 5"):
        prepare(source, out, image_size=8, shard_bytes=192 * 7, verbose=0)
    written = (out / "train-00000.npy").stat().st_mtime_ns
    with pytest.warns(UserWarning, match="record 18"):
        prepare(source, out, image_size=8, shard_bytes=192 * 7, verbose=0)
    assert (out / "train-00000.npy").stat().st_mtime_ns == written
    prepare(rows, tmp_path / "prepared_rows", verbose=0)
    with pytest.warns(UserWarning, match="2 of 20 images"):
        images = load(source, image_size=8)
    (note,) = load(out).notes
    assert note.startswith("Left out 2 images that cannot be decoded. The first is train.tfrecord, record 5: cannot")
    for data, prepared in ((images, load(out)), (load(rows), load(tmp_path / "prepared_rows"))):
        assert data.label_names == prepared.label_names
        for part in PARTS:
            np.testing.assert_array_equal(getattr(prepared, part).x, getattr(data, part).x)
            np.testing.assert_array_equal(getattr(prepared, part).y, getattr(data, part).y)

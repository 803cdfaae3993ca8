"""TensorFlow Datasets: three small sets written here, and MNIST where it is prepared."""

import os
import socket
from pathlib import Path

import numpy as np
import pytest
import tensorflow_datasets as tfds

from keras_vae.data import load, names
from keras_vae.data.lazy_array import LazyArray
from keras_vae.data.names import BUILT_IN
from keras_vae.data.tfds import read_tfds
from keras_vae.errors import InvalidInputError


class Blots(tfds.core.GeneratorBasedBuilder):
    """Labelled RGB images of varying size with all three splits; the label is the grey level / 10."""

    VERSION = tfds.core.Version("1.0.0")

    def _info(self):
        image, label = tfds.features.Image(shape=(None, None, 3)), tfds.features.ClassLabel(names=["no", "yes"])
        features = tfds.features.FeaturesDict({"other": tfds.features.Text(), "image": image, "label": label})
        return tfds.core.DatasetInfo(builder=self, features=features)

    def _split_generators(self, _):
        return {
            "train": self._generate_examples(700),
            "validation": self._generate_examples(3),
            "test": self._generate_examples(4),
        }

    def _generate_examples(self, count):
        for i in range(count):
            image = np.full((8 + i % 5, 16, 3), 10 * (i % 2), np.uint8)
            yield i, {"other": "text", "image": image, "label": i % 2}


class Bits(tfds.core.GeneratorBasedBuilder):
    """Unlabelled grey images of zeros and ones, all in one split with a name of its own."""

    VERSION = tfds.core.Version("1.0.0")

    def _info(self):
        return tfds.core.DatasetInfo(
            builder=self, features=tfds.features.FeaturesDict({"picture": tfds.features.Image(shape=(8, 8, 1))})
        )

    def _split_generators(self, _):
        return {"pictures": self._generate_examples()}

    def _generate_examples(self):
        for i in range(20):
            yield i, {"picture": np.eye(8, dtype=np.uint8)[..., np.newaxis]}


class Words(tfds.core.GeneratorBasedBuilder):
    """No image at all."""

    VERSION = tfds.core.Version("1.0.0")

    def _info(self):
        return tfds.core.DatasetInfo(
            builder=self,
            features=tfds.features.FeaturesDict(
                {"text": tfds.features.Text(), "depth": tfds.features.Scalar(np.int64)}
            ),
        )

    def _split_generators(self, _):
        raise AssertionError("refused before it is prepared")

    _generate_examples = _split_generators


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    return tmp_path_factory.mktemp("tfds")


@pytest.mark.slow
def test_varying_sizes_are_fitted_and_own_splits_kept(data_dir):
    data = load("tfds:blots", image_size=(6, 8), data_dir=data_dir)
    assert [len(split) for split in (data.train, data.validation, data.test)] == [700, 3, 4]
    assert data.event_shape == (6, 8, 3) and data.label_names == ("no", "yes")
    np.testing.assert_array_equal(data.train.x, np.broadcast_to(10 * data.train.y[:, None, None, None], (700, 6, 8, 3)))
    assert data.train.y.sum() == 350


def test_varying_sizes_need_an_image_size(data_dir):
    with pytest.raises(InvalidInputError, match="blots: expected image_size, as the images vary in size"):
        load("blots", data_dir=data_dir)


def test_bits_become_black_and_white_and_missing_splits_are_made(data_dir):
    data = load("bits", data_dir=data_dir)
    assert [len(split) for split in (data.train, data.validation, data.test)] == [16, 2, 2]
    np.testing.assert_array_equal(data.train.x[0, ..., 0], 255 * np.eye(8))
    assert data.train.y is None and "0 or 255" in data.notes[0]
    assert load("bits", data_dir=data_dir, image_size=4).event_shape == (4, 4, 1)


def test_a_set_without_images_is_refused(data_dir):
    with pytest.raises(InvalidInputError, match="words: expected a data set with images, got features .*text"):
        load("words", data_dir=data_dir)


@pytest.mark.slow
@pytest.mark.parametrize("file_format", ["tfrecord", "array_record"])
def test_sets_are_streamed_as_in_memory(tmp_path, file_format):
    for name in ("blots", "bits"):
        builder = tfds.builder(name, data_dir=tmp_path, file_format=file_format)
        builder.download_and_prepare(download_config=tfds.download.DownloadConfig(num_shards=3))
        small, lazy = (
            load(f"tfds:{name}", image_size=(6, 8), data_dir=tmp_path, stream=stream) for stream in (None, True)
        )
        assert small.notes == lazy.notes and small.label_names == lazy.label_names
        for part in ("train", "validation", "test"):
            eager, needed = getattr(small, part), getattr(lazy, part)
            assert isinstance(needed.x, LazyArray)
            np.testing.assert_array_equal(np.asarray(needed.x), eager.x)
            np.testing.assert_array_equal(needed.y, eager.y)
            if name == "blots":
                np.testing.assert_array_equal(eager.x[:, 0, 0, 0], 10 * eager.y)


def test_damaged_files_are_named(tmp_path):
    load("bits", data_dir=tmp_path)
    (path,) = tmp_path.rglob("*.tfrecord*")
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(InvalidInputError, match=r"bits: the files in .* are damaged .*record 19.*prepare the data set"):
        load("bits", data_dir=tmp_path, stream=True)


@pytest.mark.parametrize(
    ("name", "nearest"), [("fashion_mnst", "fashion_mnist"), ("tfds:cifar_10", "cifar10"), ("digit", "digits")]
)
def test_an_unknown_name_is_answered_with_the_nearest(name, nearest):
    with pytest.raises(InvalidInputError, match=f"Unknown data set '.*': did you mean '{nearest}'") as error:
        load(name)
    assert len(str(error.value)) < 500 and "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["photos", "scans12", "faces"])
def test_a_folder_that_is_not_there_is_not_taken_for_a_misspelt_name(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InvalidInputError, match=f"no file or folder '{name}' in {tmp_path}") as error:
        load(name)
    assert "did you mean" not in str(error.value)


def test_an_unknown_configuration_is_refused_in_one_line():
    with pytest.raises(
        InvalidInputError, match="mnist/nope: expected a data set that TensorFlow Datasets can build"
    ) as error:
        load("mnist/nope")
    assert "\n" not in str(error.value)


def test_no_network_is_told_at_once(tmp_path, monkeypatch):
    def unreachable(*_):
        raise socket.gaierror("Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unreachable)
    monkeypatch.setattr("urllib.request.getproxies", dict)
    with pytest.raises(InvalidInputError, match="fashion_mnist: not prepared in .* failed .Name or service") as error:
        load("fashion_mnist", data_dir=tmp_path)
    assert "TFDS_DATA_DIR" in str(error.value) and "\n" not in str(error.value)


def test_every_name_but_those_made_here_is_an_image_set_of_tfds():
    known = tfds.list_builders(with_community_datasets=False)
    for name, description in names().items():
        assert description and "\n" not in description
        if name in BUILT_IN:
            continue
        assert name in known
        feature = tfds.builder(name).info.features["image"]
        assert isinstance(feature, tfds.features.Image) and feature.np_dtype == np.uint8, name
        shape = feature.shape
        assert ("varying size" in description) == (None in shape), name
        assert None in shape or f"{shape[0]}x{shape[1]}" in description, name


@pytest.fixture(scope="module")
def mnist():
    folder = os.environ.get("TFDS_DATA_DIR")
    if not folder or not (Path(folder) / "mnist").is_dir():
        pytest.skip("TFDS_DATA_DIR is not set to a folder that holds mnist")
    return load("mnist")


@pytest.mark.slow
def test_mnist(mnist):
    assert [len(split) for split in (mnist.train, mnist.validation, mnist.test)] == [54_000, 6_000, 10_000]
    assert mnist.event_shape == (28, 28, 1) and mnist.train.x.dtype == np.uint8 and mnist.is_image
    assert mnist.label_names == tuple("0123456789")
    assert abs(mnist.train.x.mean() - 33.3) < 0.3 and abs(mnist.test.x.mean() - 33.8) < 0.3
    counts = np.bincount(np.concatenate([mnist.train.y, mnist.validation.y]))
    assert counts.tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert np.bincount(mnist.test.y).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]


@pytest.mark.slow
def test_the_validation_split_of_mnist_follows_the_seed(mnist):
    raw = read_tfds("mnist")
    assert len(raw.train) == 60_000 and raw.validation is None
    again, other = (raw.complete("mnist", seed=seed).validation for seed in (0, 1))
    np.testing.assert_array_equal(again.x, mnist.validation.x)
    assert not np.array_equal(other.x, mnist.validation.x)

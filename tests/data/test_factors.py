"""Factors of variation: their grid, and the way through splits, data sets and TensorFlow Datasets."""

import itertools
import math

import numpy as np
import pytest
import tensorflow_datasets as tfds
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_vae.data import Split, SplitDataset, load, prepare
from keras_vae.data.factors import check_factors, factors_of, index_of
from keras_vae.data.parts import Parts

SIZES = {"shape": 3, "scale": 2, "turn": 4}


@settings(max_examples=100, deadline=None)
@given(data=st.data(), sizes=st.lists(st.integers(1, 40), min_size=1, max_size=6))
def test_indices_and_factors_are_one_to_one(data, sizes):
    sizes = {str(i): size for i, size in enumerate(sizes)}
    indices = np.array(data.draw(st.lists(st.integers(0, math.prod(sizes.values()) - 1), max_size=20)))
    factors = factors_of(indices, sizes)
    assert factors.shape == (len(indices), len(sizes)) and factors.dtype == np.int64
    assert (factors >= 0).all() and (factors < [*sizes.values()]).all()
    np.testing.assert_array_equal(index_of(factors, sizes), indices)


def test_the_last_factor_is_the_fastest():
    by_hand = list(itertools.product(*map(range, SIZES.values())))
    assert factors_of(np.arange(24), SIZES).tolist() == [list(row) for row in by_hand]
    assert index_of(by_hand, SIZES).tolist() == list(range(24))


@pytest.mark.parametrize(
    ("factors", "message"),
    [
        ([[0, 0, 4]], "factors: expected turn from 0 to 3, got 4"),
        ([[0, -1, 0]], "factors: expected scale from 0 to 1, got -1"),
        ([[0, 0]], r"factors: expected 3 columns \(shape, scale, turn\), got shape \(1, 2\)"),
        ([0, 0, 0], r"factors: expected integers of shape \(N, K\), got int64 of shape \(3,\)"),
        ([[0, 0, math.nan]], "factors: expected integers .* got float64"),
        ([[True, False, True]], "factors: expected integers .* got bool"),
        (np.zeros((2, 0), int), "factors: expected integers"),
    ],
)
def test_factors_that_are_not_on_the_grid_are_refused(factors, message, refused):
    for use in (check_factors, index_of):
        with refused(message):
            use(factors, SIZES)


@pytest.mark.parametrize("indices", [[24], [-1], [0.0], 3, [[1]], ["a"], [True]])
def test_indices_that_are_not_on_the_grid_are_refused(indices, refused):
    with refused("indices: expected"):
        factors_of(indices, SIZES)


def numbered(n, *, factors=True):
    numbers = np.arange(n)
    x = numbers.astype(np.float32)[:, np.newaxis]
    return Split(x, numbers, factors_of(numbers, {"tens": 10, "ones": 10}) if factors else None)


def assert_together(split):
    np.testing.assert_array_equal(split.factors @ [10, 1], split.x[:, 0])
    assert split.factors.dtype == np.int64


def test_slices_of_a_split_keep_its_factors():
    split = numbered(100)
    for index in (slice(3, 60, 7), np.array([5, 99, 0]), np.arange(100) % 3 == 0):
        assert_together(split[index])
    assert numbered(5, factors=False)[:2].factors is None


def test_factors_follow_their_examples_into_the_splits_that_are_made():
    named = {"factor_names": ("tens", "ones"), "factor_sizes": (10, 10)}
    data = Parts(numbered(100), **named).complete("numbers", validation=20, test=30)
    whole = Parts(numbered(100), numbered(5), numbered(6), **named).complete("numbers")
    for each in (data, whole):
        assert (each.factor_names, each.factor_sizes) == (("tens", "ones"), (10, 10))
        for split in (each.train, each.validation, each.test):
            assert_together(split)
    assert "2 factors: tens (10), ones (10)" in data.describe()


def test_data_without_factors_say_nothing_of_them():
    data = load(np.zeros((10, 3)))
    assert data.train.factors is None and data.factor_names == data.factor_sizes == ()
    assert "factor" not in data.describe()


def test_factors_must_fit_their_examples_and_names(refused):
    with refused("factors: expected one row for each of 4 examples, got 3 rows"):
        Split(np.zeros((4, 2)), None, np.zeros((3, 1), int))
    with refused(r"factors: expected integers of shape \(N, K\), got float64"):
        Split(np.zeros((4, 2)), factors=np.zeros((4, 1)))
    split, without = numbered(30), numbered(30, factors=False)
    for names, sizes in ((("tens",), ()), (("ones", "ones"), (10, 10)), ((), (10, 10))):
        with refused("numbers: expected distinct factor_names and a size for each"):
            SplitDataset("numbers", split, split, split, factor_names=names, factor_sizes=sizes)
    with refused("numbers: train factors: expected tens from 0 to 1, got 2"):
        SplitDataset("numbers", split, split, split, factor_names=("tens", "ones"), factor_sizes=(2, 10))
    with refused("numbers: train factors: expected 1 columns"):
        SplitDataset("numbers", split, split, split, factor_names=("tens",), factor_sizes=(10,))
    with refused("numbers: expected test examples with factors, got none"):
        SplitDataset("numbers", split, split, without, factor_names=("tens", "ones"), factor_sizes=(10, 10))


class Corners(tfds.core.GeneratorBasedBuilder):
    """Like dSprites: bits in one split, factors as `label_*`; like smallNORB: supervised by one of them."""

    VERSION = tfds.core.Version("1.0.0")

    def _info(self):
        features = {
            "image": tfds.features.Image(shape=(8, 8, 1)),
            "label_row": tfds.features.ClassLabel(num_classes=8),
            "label_kind": tfds.features.ClassLabel(names=["dot", "bar"]),
            "label_text": tfds.features.Text(),
            "value_row": tfds.features.Scalar(np.float32),
            "instance": tfds.features.ClassLabel(num_classes=5),
        }
        return tfds.core.DatasetInfo(
            builder=self, features=tfds.features.FeaturesDict(features), supervised_keys=("image", "label_kind")
        )

    def _split_generators(self, _):
        return {"train": self._generate_examples()}

    def _generate_examples(self):
        for i, (row, kind) in enumerate([*itertools.product(range(8), range(2))] * 40):
            image = np.zeros((8, 8, 1), np.uint8)
            image[row, : 1 + 7 * kind] = 1
            labels = {"label_row": row, "label_kind": kind, "label_text": "text"}
            yield i, {"image": image, "value_row": row / 7, "instance": i % 5, **labels}


@pytest.mark.slow
def test_class_labels_of_tensorflow_datasets_are_factors_by_name(tmp_path):
    data = load("tfds:corners", data_dir=tmp_path)
    assert data.factor_names == ("row", "kind") and data.factor_sizes == (8, 2)
    assert data.label_names == ("dot", "bar") and [len(data.train), len(data.test)] == [512, 64]
    for split in (data.train, data.validation, data.test):
        rows = split.x[..., 0].argmax(axis=1)[:, 0]
        bars = split.x.sum(axis=(1, 2, 3)) // 255 > 1
        np.testing.assert_array_equal(split.factors, np.stack([rows, bars], axis=1))
        np.testing.assert_array_equal(split.y, bars)
    prepare("corners", tmp_path / "prepared", data_dir=tmp_path, verbose=0)
    for other in (load("corners", data_dir=tmp_path, stream=True), load(tmp_path / "prepared")):
        assert (other.factor_names, other.factor_sizes) == (data.factor_names, data.factor_sizes)
        for part in ("train", "validation", "test"):
            np.testing.assert_array_equal(np.asarray(getattr(other, part).x), getattr(data, part).x)
            np.testing.assert_array_equal(getattr(other, part).factors, getattr(data, part).factors)


KNOWN = {
    "dsprites": {"shape": 3, "scale": 6, "orientation": 40, "x_position": 32, "y_position": 32},
    "shapes3d": {"floor_hue": 10, "wall_hue": 10, "object_hue": 10, "scale": 8, "shape": 4, "orientation": 15},
    "smallnorb": {"category": 5, "elevation": 9, "azimuth": 18, "lighting": 6},
}


@pytest.mark.parametrize("name", KNOWN)
def test_the_known_sets_have_the_factors_of_their_papers(name):
    from keras_vae.data.tfds import FACTOR, _labels

    builder = tfds.builder(name)
    keys = _labels(builder)[1]
    assert {key.removeprefix(FACTOR): builder.info.features[key].num_classes for key in keys} == KNOWN[name]

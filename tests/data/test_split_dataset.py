"""Split, SplitDataset and the splitting of what a source lacks."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_vae.data import Split, SplitDataset
from keras_vae.data.parts import Parts
from keras_vae.errors import InvalidInputError


def numbered(n):
    return Split(np.arange(n, dtype=np.float32)[:, np.newaxis], np.arange(n))


def indices(split):
    np.testing.assert_array_equal(split.x[:, 0], split.y)
    return split.y.tolist()


@settings(max_examples=50, deadline=None)
@given(st.integers(4, 200), st.floats(0.01, 0.3), st.floats(0.01, 0.3), st.integers(0, 2**40))
def test_splits_are_disjoint_and_cover_and_reproduce(n, validation, test, seed):
    first, again = (
        numbered_parts.complete("numbers", validation=validation, test=test, seed=seed)
        for numbered_parts in (Parts(numbered(n)), Parts(numbered(n)))
    )
    found = [indices(split) for split in (first.train, first.validation, first.test)]
    assert sorted(itertools.chain(*found)) == list(range(n))
    assert abs(len(found[1]) - validation * n) <= 1 and abs(len(found[2]) - test * n) <= 1
    assert found == [indices(split) for split in (again.train, again.validation, again.test)]


def test_another_seed_splits_otherwise():
    one, other = (Parts(numbered(100)).complete("numbers", seed=seed) for seed in (0, 1))
    assert set(indices(one.test)) != set(indices(other.test))


def test_own_splits_are_kept():
    own = Split(np.full((3, 1), -1.0), np.full(3, -1))
    data = Parts(numbered(10), test=own).complete("numbers", validation=4)
    assert data.test is own and len(data.validation) == 4
    assert sorted(indices(data.train) + indices(data.validation)) == list(range(10))
    kept = Parts(numbered(10), validation=own, test=own).complete("numbers")
    assert indices(kept.train) == list(range(10))


@pytest.mark.parametrize("share", [0, 1, 0.0, 1.0, 1.5, -0.1, -3, True, "half", None, float("nan")])
def test_unusable_shares_are_refused(share):
    with pytest.raises(InvalidInputError, match="validation: expected a fraction between 0 and 1 or a count above 1"):
        Parts(numbered(10)).complete("numbers", validation=share)


@pytest.mark.parametrize(("n", "shares"), [(2, {}), (10, {"test": 9}), (10, {"validation": 5, "test": 5})])
def test_no_split_is_left_empty(n, shares):
    with pytest.raises(InvalidInputError, match="expected one or more examples for training"):
        Parts(numbered(n)).complete("numbers", **shares)


def test_a_split_is_valid_by_construction():
    split = Split([[True, False]], [3])
    assert split.x.dtype == np.uint8 and split.x.tolist() == [[255, 0]] and split.y.dtype == np.int64
    with pytest.raises(InvalidInputError, match="one label for each"):
        Split(np.zeros((2, 2)), [1])
    with pytest.raises(InvalidInputError, match="finite"):
        Split([[np.inf, 1.0]])


VECTORS = np.array([[0.5, 1.0], [0.0, 2.0], [0.1, 0.2]])
ONE_HOT = np.eye(3, dtype=int)


def test_vectors_and_one_hot_labels_may_be_conditions():
    for y in (VECTORS, ONE_HOT, VECTORS[:, :1], np.array([[1.0], [2.0], [3.0]])):
        split = Split(np.zeros((3, 4)), y)
        assert split.y.dtype == np.float32 and np.allclose(split.y, y)
        assert np.allclose([batch for _, batch in split[1:].batches(1, labels=True)], y[1:, None])
    assert Split(np.zeros((3, 4)), [[1], [2], [0]]).y.tolist() == [1, 2, 0]  # a column of integers are labels
    split = Split(np.zeros((3, 4)), VECTORS)
    assert "a vector of 2 numbers beside each example" in SplitDataset("own", split, split, split).describe()


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (VECTORS[:2], "y: expected one vector for each of 3 examples, got 2"),
        (VECTORS[:, 0], r"y: expected integer labels .* with 0.5; convert them .* by y\[:, None\]"),
        (np.where(VECTORS == 2, np.nan, VECTORS), r"finite numbers in each vector, got \[0.0, nan\] at index 1"),
        (np.where(VECTORS == 2, 1e300, VECTORS), r"finite numbers in each vector, got \[0.0, inf\] at index 1"),
        (np.zeros((3, 0)), r"vectors of shape \(N, D\), got float64 of shape \(3, 0\)"),
        (np.zeros((3, 2, 2)), r"vectors of shape \(N, D\), got float64 of shape \(3, 2, 2\)"),
        ([["a", "b"]] * 3, "vectors of shape .* got <U1"),
        ([[1], [1, 2], [3]], "parts of different shapes"),
    ],
    ids=str,
)
def test_other_conditions_are_refused(y, message, refused):
    with refused(message):
        Split(np.zeros((3, 4)), y)


def test_conditions_of_all_splits_are_alike(refused):
    one, other = Split(np.zeros((3, 4)), VECTORS), Split(np.zeros((3, 4)), [0, 1, 2])
    with refused("^own: expected labels or vectors of one shape in all splits, got labels and vectors of 2 numbers"):
        SplitDataset("own", one, one, other)
    with refused("got labels and vectors of 2 numbers"):
        Parts(one, test=other).whole  # noqa: B018
    assert Parts(one, test=Split(np.zeros((3, 4)))).whole.y is None


def test_the_batches_of_a_split_are_its_examples():
    split = numbered(10)
    assert [len(batch) for batch in split.batches(4)] == [4, 4, 2]
    seen = np.concatenate([batch.numpy() for batch in split.batches(5, shuffle=True, seed=1)])[:, 0]
    assert seen.tolist() != sorted(seen) and sorted(seen) == list(range(10))
    noise = [next(iter(split[:2].batches(2, shuffle=True, start_epoch=0, binarize="threshold"))).numpy()]
    assert sorted(noise[0][:, 0]) == [0, 1]


def test_splits_must_be_alike():
    with pytest.raises(InvalidInputError, match=r"odd: expected test examples like .* \(1,\) float32, got \(2,\)"):
        SplitDataset("odd", numbered(2), numbered(2), Split(np.zeros((2, 2))))
    with pytest.raises(InvalidInputError, match="validation examples like .* got .* uint8"):
        SplitDataset("odd", numbered(2), Split(np.zeros((2, 1), np.uint8)), numbered(2))


@pytest.mark.parametrize(
    ("shape", "image"), [((8, 8), True), ((8, 8, 3), True), ((8, 8, 4), True), ((8, 8, 2), False), ((5,), False)]
)
def test_what_an_image_is(shape, image):
    split = Split(np.zeros((2, *shape), np.uint8))
    assert SplitDataset("zeros", split, split, split).is_image == image


def test_describe():
    split = Split(np.array([[0.0, 2.5]]), [1])
    text = SplitDataset("few", split, split, split, ("cat", "dog"), ("Skipped a.png: broken.",)).describe()
    for expected in ("few", "1 training, 1 validation, 1 test", "(2,), float32", "0 to 2.5", "cat, dog", "a.png"):
        assert expected in text
    assert "1 labels" in SplitDataset("few", split, split, split).describe()

"""Batches: each example once, in a good order, the same after a resumption."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_vae.data.pipeline import batches, steps_per_epoch
from keras_vae.errors import InvalidInputError

sizes = st.tuples(st.integers(1, 40), st.integers(1, 50))


def numbered(n):
    return np.arange(n, dtype=np.float32)[:, np.newaxis]


def take(stream, k=None):
    return [batch.numpy() for batch in (stream if k is None else stream.take(k))]


def epochs(n, count, seed=0):
    """`(count, n)`: the order of each epoch."""
    stream = batches(numbered(n), n, shuffle=True, start_epoch=0, seed=seed)
    return np.stack(take(stream, count))[..., 0].astype(int)


@pytest.mark.slow
@settings(max_examples=12, deadline=None)
@given(sizes)
def test_one_ordered_pass_has_every_example_once_in_order(size):
    n, batch_size = size
    stream = batches(numbered(n), batch_size)
    result = take(stream)
    assert len(result) == stream.cardinality() == -(-n // batch_size)
    np.testing.assert_array_equal(np.concatenate(result), numbered(n))
    assert all(len(batch) == batch_size for batch in result[:-1])


@pytest.mark.slow
@settings(max_examples=12, deadline=None)
@given(sizes, st.integers(0, 2**40))
def test_a_shuffled_pass_has_full_batches_and_no_example_twice(size, seed):
    n, batch_size = size
    stream = batches(numbered(n), batch_size, shuffle=True, seed=seed)
    result = take(stream)
    assert len(result) == stream.cardinality() == steps_per_epoch(n, batch_size)
    assert {len(batch) for batch in result} == {min(n, batch_size)} == {stream.element_spec.shape[0]}
    seen = np.concatenate(result)[:, 0].astype(int).tolist()
    assert len(set(seen)) == len(seen) and set(seen) <= set(range(n)) and n - len(seen) < batch_size


@pytest.mark.slow
@settings(max_examples=8, deadline=None)
@given(sizes, st.integers(0, 2**40), st.integers(0, 4), st.sampled_from([None, "dynamic", "static"]))
def test_a_resumed_stream_is_the_uninterrupted_one(size, seed, resumed, binarize):
    n, batch_size = size
    x = np.random.default_rng(0).integers(0, 256, (n, 6), np.uint8)
    steps = steps_per_epoch(n, batch_size)

    def run(start, count):
        stream = batches(x, batch_size, shuffle=True, start_epoch=start, seed=seed, binarize=binarize)
        return take(stream, count)

    whole, rest = run(0, (resumed + 2) * steps), run(resumed, 2 * steps)
    np.testing.assert_array_equal(np.stack(whole[resumed * steps :]), np.stack(rest))


@pytest.mark.slow
@settings(max_examples=10, deadline=None)
@given(st.integers(1, 30), st.integers(1, 10))
def test_every_epoch_of_the_endless_stream_has_no_example_twice(n, batch_size):
    steps = steps_per_epoch(n, batch_size)
    result = take(batches(numbered(n), batch_size, shuffle=True, start_epoch=3), 4 * steps)
    for epoch in np.split(np.array(result), 4):
        seen = epoch.ravel().tolist()
        assert len(set(seen)) == len(seen) == steps * min(n, batch_size)


@pytest.mark.parametrize("n", [2, 3, 5, 10, 37])
def test_every_index_lands_everywhere_equally_often(n):
    orders = epochs(n, 1500, seed=1)
    table = np.stack([np.bincount(orders[:, position], minlength=n) for position in range(n)])
    expected, freedom = len(orders) / n, (n - 1) ** 2
    assert table.min() > 0
    assert ((table - expected) ** 2 / expected).sum() < freedom + 5 * np.sqrt(2 * freedom)


@pytest.mark.slow
@pytest.mark.parametrize("n", [10, 37])
def test_successors_and_epochs_are_independent_for_small_sets(n):
    orders = epochs(n, 1500, seed=2)
    assert len(np.unique(orders, axis=0)) > 0.99 * len(orders), "orders repeat"
    steps = np.bincount((np.diff(orders, axis=1) % n).ravel(), minlength=n)[1:]
    assert ((steps - steps.mean()) ** 2 / steps.mean()).sum() < (n - 2) + 5 * np.sqrt(2 * (n - 2))
    kept = (orders[1:] == orders[:-1]).sum()
    assert abs(kept - len(orders)) < 5 * np.sqrt(len(orders)), "an index keeps its position from epoch to epoch"


def test_position_index_and_epochs_are_uncorrelated_for_large_sets():
    n, bound = 60_000, 5 / np.sqrt(60_000)
    orders = epochs(n, 12)
    assert all(np.array_equal(np.sort(order), np.arange(n)) for order in orders)
    correlation = np.corrcoef(np.vstack([np.arange(n), orders]))
    assert np.abs(correlation - np.eye(13)).max() < bound
    assert max(abs(np.corrcoef(order[:-1], order[1:])[0, 1]) for order in orders) < bound
    per_batch = (orders[0].reshape(-1, 100) < n // 10).sum(1)
    assert 0.75 < per_batch.var() / (100 * 0.1 * 0.9) < 1.25, "the first tenth is spread too evenly, or not at all"


@pytest.mark.parametrize("binarize", [None, "dynamic"])
def test_the_passes_are_the_epochs_whatever_the_global_seed(binarize):
    x = np.random.default_rng(0).integers(0, 256, (20, 6), np.uint8)
    tf.random.set_seed(1)
    stream = batches(x, 5, shuffle=True, seed=4, binarize=binarize)
    passes = [np.stack(take(stream)) for _ in range(3)]
    assert not np.array_equal(passes[0], passes[1]) and not np.array_equal(passes[1], passes[2])
    tf.random.set_seed(2)
    endless = take(batches(x, 5, shuffle=True, seed=4, binarize=binarize, start_epoch=0), 12)
    np.testing.assert_array_equal(np.concatenate(passes), np.stack(endless))


def test_seeds_give_different_orders():
    assert not np.array_equal(epochs(50, 1, seed=0), epochs(50, 1, seed=1))
    assert not np.array_equal(epochs(50, 1, seed=1), epochs(50, 2, seed=0)[1:]), "seed and epoch are confused"


@pytest.mark.parametrize("binarize", [None, "dynamic"])
def test_labels_stay_with_their_examples(binarize):
    x = np.repeat(np.array([[0], [255]], np.uint8), 20, axis=0)
    stream = batches(x, 7, shuffle=True, start_epoch=0, y=np.repeat([0, 1], 20), binarize=binarize)
    for pixels, labels in stream.take(12):
        assert labels.dtype == tf.int64
        np.testing.assert_array_equal(pixels.numpy()[:, 0], labels.numpy() * 255)


def test_uint8_travels_and_the_endless_stream_says_so():
    stream = batches(np.zeros((9, 4, 4, 1), np.uint8), 3, shuffle=True, start_epoch=0)
    assert stream.element_spec == tf.TensorSpec((3, 4, 4, 1), tf.uint8)
    assert stream.cardinality() == tf.data.INFINITE_CARDINALITY


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"batch_size": 0}, "batch_size must be an integer"),
        ({"batch_size": 2.0}, "batch_size must be an integer"),
        ({"batch_size": 2, "seed": -1}, "seed must be an integer"),
        ({"batch_size": 2, "start_epoch": 0}, "start_epoch: expected shuffle=True"),
        ({"batch_size": 2, "start_epoch": -1, "shuffle": True}, "start_epoch must be an integer"),
        ({"batch_size": 2, "y": [1, 2]}, "one label for each of 3 examples"),
    ],
)
def test_unusable_arguments_are_refused(arguments, message):
    with pytest.raises(InvalidInputError, match=message):
        batches(numbered(3), **arguments)

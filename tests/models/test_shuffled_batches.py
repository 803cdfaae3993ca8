"""The order of arrays in `fit`: a function of the model's seed and step, another one in each epoch."""

import keras
import numpy as np
import pytest

import keras_vae as kv
from keras_vae.models.shuffled_batches import in_own_order, shuffled_batches

X = np.random.default_rng(0).random((10, 6), "float32")


def orders(seed, *steps):
    steps = iter(steps)
    batches = shuffled_batches((np.arange(10), np.arange(10) / 2), 4, seed, lambda: next(steps))
    assert batches.cardinality() == 3
    found = []
    for _ in range(2):
        x, y = (np.concatenate(column) for column in zip(*batches.as_numpy_iterator(), strict=True))
        assert sorted(x) == [*range(10)] and (y == x / 2).all() and y.dtype == "float32"
        found.append(x.tolist())
    return found


def test_the_order_follows_the_seed_and_the_step():
    first, second = orders(0, 0, 3)
    assert first != second and orders(0, 3, 0) == [second, first] and orders(1, 0, 3)[0] != first


def weights_after_fit(seed):
    model = kv.zoo.vae((6,), 2, units=(4,), likelihood="normal", seed=seed)
    model.compile(keras.optimizers.SGD(0.1), run_eagerly=True)
    model.fit(X, batch_size=4, epochs=2, verbose=0)
    return np.concatenate([weight.ravel() for weight in model.get_weights()])


def test_the_same_seed_gives_the_same_model():
    first = weights_after_fit(0)
    np.testing.assert_array_equal(first, weights_after_fit(0))
    assert (first != weights_after_fit(1)).any()


def test_only_arrays_that_keras_would_shuffle_are_replaced(refused):
    given = {"x": X, "y": None, "sample_weight": None}
    for shuffle in (False, "batch"):
        assert in_own_order({**given, "shuffle": shuffle}, 0, int)["x"] is X
    split = in_own_order({**given, "validation_split": 0.3, "epochs": 2}, 0, int)
    assert {name: split[name] for name in split if name not in ("x", "validation_data")} == {
        "epochs": 2,
        "shuffle": False,
    }
    np.testing.assert_array_equal(split["validation_data"][0], X[7:])
    ((rows,),) = split["x"].as_numpy_iterator()
    np.testing.assert_array_equal(np.sort(rows, axis=0), np.sort(X[:7], axis=0))
    with refused("validation_split: expected examples for training and for validation, got 0.95 of 10"):
        in_own_order({**given, "validation_split": 0.95}, 0, int)


@pytest.mark.slow
def test_a_saved_model_goes_on_as_it_would_have_done(tmp_path):
    def new():
        model = kv.zoo.vae((6,), 2, units=(4,), likelihood="normal", seed=0)
        model.compile("adam", run_eagerly=True)
        return model

    whole, first = new(), new()
    whole.fit(X, batch_size=4, epochs=2, verbose=0)
    first.fit(X, batch_size=4, epochs=1, verbose=0)
    first.save(tmp_path / "first.keras")
    second = kv.load_model(tmp_path / "first.keras")
    second.fit(X, batch_size=4, epochs=1, verbose=0)
    for one, other in zip(whole.get_weights(), second.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_replicas_share_each_batch(two_replicas):
    batches = shuffled_batches((np.arange(10),), 4, 0, int)
    shares = [
        part.numpy().tolist()
        for (batch,) in two_replicas.experimental_distribute_dataset(batches)
        for part in two_replicas.experimental_local_results(batch)
    ]
    assert sorted(np.concatenate(shares)) == [*range(10)] and max(map(len, shares)) == 2


def test_arrays_of_different_lengths_are_refused(refused):
    with refused("fit: expected arrays of one length, got x of 10, y of 9"):
        in_own_order({"x": X, "y": X[:9], "sample_weight": None}, 0, int)

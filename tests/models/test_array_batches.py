"""Batches of arrays; their order in `fit` is a function of the model's seed and step, another one in each epoch."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from tensorflow.python.data.ops.iterator_ops import OwnedIterator

import keras_vae as kv
from keras_vae.models.array_batches import in_batches, ordered_batches, shuffled_batches

X = np.random.default_rng(0).random((10, 6), "float32")


def orders(seed, step):
    batches = shuffled_batches((np.arange(10), np.arange(10) / 2), 4, seed, step)
    assert batches.cardinality() == 3
    found = []
    for _ in range(2):
        x, y = (np.concatenate(column) for column in zip(*batches.as_numpy_iterator(), strict=True))
        assert sorted(x) == [*range(10)] and (y == x / 2).all() and y.dtype == "float32"
        found.append(x.tolist())
    return found


def test_the_order_follows_the_seed_and_the_step():
    first, second = orders(0, 0)
    assert first != second and orders(0, 3)[0] == second and orders(1, 0)[0] != first


def weights_after_fit(seed):
    model = kv.zoo.vae((6,), 2, units=(4,), likelihood="normal", seed=seed)
    model.compile(keras.optimizers.SGD(0.1), run_eagerly=True)
    model.fit(X, batch_size=4, epochs=2, verbose=0)
    return np.concatenate([weight.ravel() for weight in model.get_weights()])


def test_the_same_seed_gives_the_same_model():
    first = weights_after_fit(0)
    np.testing.assert_array_equal(first, weights_after_fit(0))
    assert (first != weights_after_fit(1)).any()


def rows_of(batches):
    return [row for (batch,) in batches.as_numpy_iterator() for row in batch.tolist()]


def test_arrays_become_batches(refused):
    given = {"x": X, "y": None, "sample_weight": None}
    rows = X.tolist()
    assert in_batches({**given, "shuffle": "batch"}, 0, 0)["x"] is X
    assert rows_of(in_batches({**given, "shuffle": False}, 0, 0)["x"]) == rows
    assert rows_of(in_batches(given)["x"]) == rows
    split = in_batches({**given, "validation_split": 0.3, "epochs": 2}, 0, 0)
    assert {name: split[name] for name in split if name not in ("x", "validation_data")} == {
        "epochs": 2,
        "shuffle": False,
    }
    assert rows_of(split["validation_data"]) == rows[7:]
    assert rows_of(split["x"]) != rows[:7] and sorted(rows_of(split["x"])) == sorted(rows[:7])
    with refused("validation_split: expected examples for training and for validation, got 0.95 of 10"):
        in_batches({**given, "validation_split": 0.95}, 0, 0)


def test_validation_data_have_batches_of_their_own_size():
    stream, validation = ordered_batches((X,), 4), (X, X * 2, None)
    for x in (X, stream):
        given = {"x": x, "y": None, "sample_weight": None, "batch_size": 5, "validation_data": validation}
        for options, sizes in (({}, [5, 5]), ({"validation_batch_size": 8}, [8, 2])):
            found = [*in_batches({**given, **options}, 0, 0)["validation_data"].as_numpy_iterator()]
            assert [len(x) for x, _ in found] == sizes
            np.testing.assert_array_equal(np.concatenate([y for _, y in found]), X * 2)
    given["validation_data"] = (stream, None, None)
    assert in_batches(given, 0, 0)["validation_data"] == (stream, None, None)


def test_labels_beside_a_stream_are_refused():
    def generator():
        yield X

    for data in ({"x": generator(), "y": X}, {"x": X, "validation_data": (generator(), X, None)}):
        with pytest.raises(ValueError, match="`y`"):
            in_batches({"y": None, "sample_weight": None, **data}, 0, 0)


def test_no_thread_tunes_the_pipelines_of_the_library(monkeypatch):
    """TensorFlow would wait for it, up to a minute, where an iterator is deleted."""
    model, seen = kv.zoo.vae((6,), 2, units=(4,), likelihood="normal", seed=0), []
    model.compile("adam", run_eagerly=True)

    def watched(iterator, dataset, original=OwnedIterator.__init__, **options):
        seen.append(dataset.options().autotune.enabled)
        original(iterator, dataset, **options)

    monkeypatch.setattr(OwnedIterator, "__init__", watched)
    for shuffle in (True, False):
        model.fit(X, validation_data=(X,), shuffle=shuffle, verbose=0)

    def generator():
        yield from (X, X)

    class Batches(keras.utils.PyDataset):
        def __len__(self):
            return 2

        def __getitem__(self, index):
            return X

    stream = tf.data.Dataset.from_tensor_slices(X).batch(4)
    for new in (lambda: X, lambda: kv.data.batches(X, 4), lambda: stream, generator, Batches):
        model.fit(new(), validation_data=new(), verbose=0)
        model.evaluate(new(), verbose=0)
        model.predict(new(), verbose=0)
    assert len(seen) >= 20 and set(seen) == {False}


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
    batches = shuffled_batches((np.arange(10),), 4, 0, 0)
    shares = [
        part.numpy().tolist()
        for (batch,) in two_replicas.experimental_distribute_dataset(batches)
        for part in two_replicas.experimental_local_results(batch)
    ]
    assert sorted(np.concatenate(shares)) == [*range(10)] and max(map(len, shares)) == 2


def test_arrays_of_different_lengths_are_refused(refused):
    with refused("fit: expected arrays of one length, got x of 10, y of 9"):
        in_batches({"x": X, "y": X[:9], "sample_weight": None}, 0, 0)
    with refused("evaluate: expected arrays of one length, got x of 10, y of 9"):
        in_batches({"x": X, "y": X[:9], "sample_weight": None})
    with refused("validation_data: expected arrays of one length, got x of 10, y of 9"):
        in_batches({"x": X, "y": None, "sample_weight": None, "validation_data": (X, X[:9], None)}, 0, 0)

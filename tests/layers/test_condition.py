import numpy as np
import pytest
import tensorflow as tf

import keras_vae as kv


def test_a_label_becomes_its_row_of_the_identity():
    labels = np.array([2, 0, 4, 2])
    assert np.array_equal(kv.LabelCondition(5)(labels), np.eye(5)[labels])
    assert np.array_equal(kv.LabelCondition(5)(labels[:, None]), np.eye(5)[labels])


def test_a_vector_stays_as_it_is():
    vectors = np.random.default_rng(0).normal(size=(6, 3)).astype("float32")
    assert np.array_equal(kv.VectorCondition(3)(vectors), vectors)


@pytest.mark.parametrize("shape", [(4, 3), (4, 5, 3), (4, 2, 5, 1)], ids=["codes", "sequences", "images"])
def test_the_vector_stands_beside_every_position(shape):
    condition = kv.VectorCondition(2)
    random = np.random.default_rng(0)
    x, vectors = random.normal(size=shape).astype("float32"), random.normal(size=(4, 2)).astype("float32")
    seen = condition.append(tf.constant(x), condition(vectors)).numpy()
    assert np.array_equal(seen[..., : shape[-1]], x)
    positions = np.reshape(seen[..., shape[-1] :], (4, -1, 2))
    assert np.array_equal(positions, np.repeat(vectors[:, None], positions.shape[1], axis=1))


def test_what_stands_beside_takes_the_dtype_of_what_it_stands_beside():
    condition = kv.LabelCondition(2)
    assert condition.append(tf.ones((3, 4), tf.bfloat16), condition(np.array([0, 1, 1]))).dtype == tf.bfloat16


def test_xla_equals_graph_mode():
    condition = kv.LabelCondition(3)
    append = lambda x, y: condition.append(x, condition(y))  # noqa: E731
    x, y = tf.random.stateless_normal((4, 2, 2, 1), (0, 1)), tf.constant([0, 2, 1, 2])
    assert np.array_equal(tf.function(append, jit_compile=True)(x, y), tf.function(append)(x, y))


def test_examples_of_conditions_pass_their_own_check():
    for condition in (kv.LabelCondition(3), kv.VectorCondition(2)):
        assert condition(condition.check(condition.example(4), 4)).shape == (4, condition.size)


@pytest.mark.parametrize("labels", [[0, 1, 2], np.array([0, 1, 2], "uint8"), [0.0, 1.0, 2.0], [[0], [1], [2]]])
def test_whole_numbers_of_any_dtype_are_labels(labels):
    checked = kv.LabelCondition(3).check(labels, 3)
    assert checked.dtype == np.int32 and checked.tolist() == [0, 1, 2]


def test_true_and_false_are_labels_in_an_array_and_in_a_batch():
    condition, labels = kv.LabelCondition(2), np.array([True, False])
    assert condition.check(labels, 2).tolist() == condition.batch(labels).numpy().tolist() == [1, 0]
    assert condition.is_known(labels).numpy().all()


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (None, "this model is conditional and expected labels from 0 to 2, one per example"),
        ([0, 1], r"shape \(3,\); got shape \(2,\)"),
        ([[0, 1, 2]], r"got shape \(1, 3\)"),
        ([0, 1, 3], "got labels from 0 to 3"),
        ([0, -1, 2], "got labels from -1 to 2"),
        ([0.0, 0.5, 2.0], "got 0.5 in row 1, no whole number"),
        ([0.0, np.nan, 2.0], "no whole number"),
        ([0.0, np.inf, 2.0], "no whole number"),
        ([0.0, 1e300, 2.0], "got labels from 0 to 1000000000000000"),
        ([0.0, 1e300, 0.5], "got 0.5 in row 2, no whole number"),
        (["0", "1", "2"], "of <U1"),
        ([[0], [1, 2], [0]], "expected labels from 0 to 2"),
    ],
    ids=str,
)
@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_other_labels_are_refused(labels, message, refused):
    with refused(message):
        kv.LabelCondition(3).check(labels, 3)


@pytest.mark.parametrize(
    ("vectors", "message"),
    [
        (None, "expected vectors of 2 finite numbers"),
        (np.zeros(3), r"shape \(3, 2\); got shape \(3,\)"),
        (np.zeros((4, 2)), r"got shape \(4, 2\)"),
        (np.zeros((3, 1)), r"got shape \(3, 1\)"),
        (np.full((3, 2), np.nan), "finite"),
        (np.full((3, 2), 1e39), "finite"),
        (np.full((3, 2), "a"), "of <U1"),
    ],
)
@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_other_vectors_are_refused(vectors, message, refused):
    with refused(message):
        kv.VectorCondition(2).check(vectors, 3)


@pytest.mark.parametrize("size", [0, -1, 1.5, True, None])
@pytest.mark.parametrize("kind", [kv.LabelCondition, kv.VectorCondition])
def test_the_size_is_an_integer_from_one(kind, size, refused):
    with refused(f"{kind.__name__}: size must be an integer >= 1"):
        kind(size)

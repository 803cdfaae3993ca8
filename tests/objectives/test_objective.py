import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_vae as kv
from tests.objectives.test_kl import LOC, SCALE, trace_of


@keras.saving.register_keras_serializable("tests")
class Constant(kv.Term):
    def __init__(self, value=1.0, name=None):
        super().__init__(name)
        self.value = value

    def __call__(self, trace):
        return self.value + 0 * trace.x[:, 0]


def test_an_objective_is_the_weighted_sum_of_its_terms():
    objective = kv.NLL() + 4.0 * kv.KL() + kv.LinearWarmup(10, 2.0) * Constant(3.0)
    trace = trace_of(LOC, SCALE).replace(step=5)
    loss, values = objective(trace)
    assert list(values) == ["nll", "kl", "constant"]
    assert np.allclose(loss, values["nll"] + 4 * values["kl"] + 1.0 * 3.0)


def test_an_objective_survives_its_configuration():
    objective = kv.NLL() + kv.CyclicalWarmup(7, 0.5, rise=0.25) * kv.KL(0.2, name="rate") + 0.5 * Constant(2.0)
    config = keras.saving.serialize_keras_object(objective)
    copy = keras.saving.deserialize_keras_object(config)
    assert keras.saving.serialize_keras_object(copy) == config
    trace = trace_of(LOC, SCALE).replace(step=2)
    assert np.allclose(copy(trace)[0], objective(trace)[0])


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        (kv.LinearWarmup(4, 2.0), [0, 0.5, 1, 1.5, 2, 2, 2, 2, 2]),
        (kv.CyclicalWarmup(4, 2.0), [0, 1, 2, 2, 0, 1, 2, 2, 0]),
        (kv.CyclicalWarmup(4, rise=1.0), [0, 0.25, 0.5, 0.75, 0, 0.25, 0.5, 0.75, 0]),
    ],
)
def test_schedules(schedule, expected):
    assert np.allclose([schedule(step) for step in range(9)], expected)


def test_samples_are_those_of_the_term_that_needs_most():
    many = Constant()
    many.samples = 7
    assert (kv.NLL() + many).samples == 7


class Odd(kv.Term):
    """A function of the examples, whatever it gives."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def __call__(self, trace):
        return self.function(trace.x)


NOT_OF_EACH = {
    "column": (lambda x: x[:, :1], r"shape \(5, 1\), float32"),
    "scalar": (tf.reduce_mean, r"shape \(\), float32"),
    "one of all": (lambda x: tf.reduce_mean(x)[None], r"shape \(1,\), float32"),
    "one of each column": (lambda x: tf.reduce_mean(x, axis=0), r"shape \(8,\), float32"),
    "one of each number": (lambda x: tf.reshape(x, [-1]), r"shape \(40,\), float32"),
    "double": (lambda x: tf.cast(x[:, 0], tf.float64), r"shape \(5,\), float64"),
    "nothing": (lambda x: None, "NoneType"),
}


@pytest.mark.parametrize(("function", "got"), NOT_OF_EACH.values(), ids=NOT_OF_EACH)
def test_a_term_has_a_value_for_each_example(function, got, refused):
    trace = trace_of(LOC, SCALE).replace(x=tf.zeros((5, 8)))
    with refused(rf"^Odd 'odd': expected a float32 tensor .* a value per example, here \(5,\); got {got}"):
        kv.Objective([(1.0, Odd(function))]).values(trace)


@pytest.mark.parametrize(
    ("own", "jit_compile"), [(1, False), (8, False), (None, False), pytest.param(None, True, marks=pytest.mark.slow)]
)
def test_a_term_has_a_value_for_each_example_of_a_stream_of_unknown_size(own, jit_compile, refused):
    """`own` is what is known of the value's shape while the step is traced: if nothing, only its values can show it."""
    values = {
        1: lambda x: tf.reduce_mean(x)[None],
        8: lambda x: x[0],
        None: lambda x: tf.boolean_mask(x[:, 0], x[:, 0] > 2),
    }
    batches = [np.full((n, 8), 1.0, "float32") for n in (4, 3)]
    stream = tf.data.Dataset.from_generator(lambda: batches, output_signature=tf.TensorSpec((None, 8)))
    model = kv.zoo.vae((8,), 2, units=(4,), likelihood="normal", objective=kv.NLL() + Odd(values[own]))
    model.compile("adam", jit_compile=jit_compile)
    with refused(r"^Odd 'odd': expected a float32 tensor of shape \(B,\)"):
        model.fit(stream, verbose=0)


@pytest.mark.slow
def test_a_batch_of_one_has_one_value():
    model = kv.zoo.vae((8,), 2, units=(4,), likelihood="normal", objective=kv.NLL() + Odd(lambda x: x[:, 0]))
    model.compile("adam", jit_compile=False)
    assert np.isfinite(model.fit(np.zeros((1, 8)), verbose=0).history["odd"]).all()

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


@pytest.mark.parametrize(
    ("value", "got"),
    [
        (lambda nll: nll[:, None], r"shape \(5, 1\), float32"),
        (tf.reduce_mean, r"shape \(\), float32"),
        (lambda nll: tf.cast(nll, tf.float64), r"shape \(5,\), float64"),
        (lambda nll: None, "NoneType"),
    ],
)
def test_a_term_has_a_value_for_each_example(value, got, refused):
    class Odd(kv.Term):
        def __call__(self, trace):
            return value(tf.zeros(5))

    with refused(rf"Odd 'odd': expected a float32 tensor of shape \(B,\), a value per example; got {got}"):
        kv.Objective([(1.0, Odd())]).values(None)

import json

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_vae as kv
from keras_vae.objectives.capacity import Capacity
from tests.objectives.linear_gaussian import LOC, SCALE, trace_of


def mean_kl(trace, **options):
    return kv.KL(**options)(trace).numpy().mean()


@pytest.mark.parametrize("estimator", ["analytic", "monte_carlo"])
@pytest.mark.parametrize("capacity", [0.0, 0.3, 25])
def test_it_is_the_distance_of_the_mean_kl_from_the_capacity(capacity, estimator):
    trace = trace_of(samples=3)
    expected = abs(mean_kl(trace, estimator=estimator) - capacity)
    assert np.allclose(Capacity(capacity, estimator=estimator)(trace), np.full(2, expected), rtol=1e-5)


def test_the_capacity_follows_the_step():
    term = Capacity(kv.LinearWarmup(100, 25.0))
    for step, capacity in ((0, 0.0), (50, 12.5), (1000, 25.0)):
        trace = trace_of(samples=1).replace(step=tf.constant(step, tf.int64))
        assert np.allclose(term(trace), abs(mean_kl(trace) - capacity), rtol=1e-5)


@pytest.mark.parametrize(("capacity", "sign"), [(0.0, 1.0), (25.0, -1.0)])
def test_its_gradient_draws_the_kl_towards_the_capacity(capacity, sign):
    loc = tf.constant(LOC)
    with tf.GradientTape() as tape:
        tape.watch(loc)
        value = tf.reduce_mean(Capacity(capacity)(trace_of(loc, samples=1)))
    assert np.allclose(tape.gradient(value, loc), sign * LOC / 2, rtol=1e-5)


@pytest.mark.slow
def test_descent_ends_at_the_capacity():
    loc = tf.Variable(LOC)
    for _ in range(60):
        with tf.GradientTape() as tape:
            value = tf.reduce_mean(Capacity(4.0)(trace_of(loc, samples=1)))
        loc.assign_sub(0.1 * tape.gradient(value, loc))
    assert mean_kl(trace_of(loc, samples=1)) == pytest.approx(4.0, abs=0.25)


@pytest.mark.parametrize("capacity", [3.0, kv.LinearWarmup(100, 25.0)])
def test_it_survives_its_configuration(capacity):
    term = Capacity(capacity, estimator="monte_carlo", name="gap").only("encoder")
    config = json.loads(json.dumps(keras.saving.serialize_keras_object(kv.NLL() + term)))
    copy = keras.saving.deserialize_keras_object(config).terms[1]
    assert (copy.estimator, copy.name, copy.trains, copy.across_batch) == ("monte_carlo", "gap", ("encoder",), True)
    trace = trace_of(samples=2).replace(step=tf.constant(30))
    assert np.allclose(copy(trace), term(trace))


def test_a_model_reports_it_beside_the_kl():
    model = kv.Autoencoder(
        kv.MLPEncoder((3,), ()),
        kv.MLPDecoder((2,), ()),
        likelihood="normal",
        objective=kv.NLL() + 2.0 * Capacity(kv.LinearWarmup(50, 25.0)),
        seed=2,
    )
    model.compile(keras.optimizers.SGD(0.0), run_eagerly=True)
    x = np.random.default_rng(0).normal(size=(16, 3)).astype("float32")
    model.step.assign(10)
    history = {name: values[0] for name, values in model.fit(x, batch_size=16, verbose=0).history.items()}
    assert history["capacity"] == pytest.approx(5.0 - history["kl"], rel=1e-5)
    assert history["loss"] == pytest.approx(history["nll"] + 2 * history["capacity"], rel=1e-5)


@pytest.mark.slow
def test_xla_gives_what_the_graph_gives():
    def value():
        return Capacity(kv.LinearWarmup(100, 25.0))(trace_of(LOC, SCALE, samples=1).replace(step=tf.constant(30)))

    assert np.allclose(tf.function(value)(), tf.function(value, jit_compile=True)(), rtol=1e-5)


@pytest.mark.parametrize("capacity", [-1.0, float("nan"), float("inf"), "25", None, True])
def test_bad_capacities_are_refused(refused, capacity):
    with refused("capacity, unless a LearningRateSchedule, must be"):
        Capacity(capacity)


def test_an_unknown_estimator_is_refused(refused):
    with refused("estimator must be"):
        Capacity(1.0, estimator="exact")

"""STL and DReG against the plain estimators, in a model where everything is known."""

import json

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_vae as kv
from keras_vae.objectives.dreg import DReG
from keras_vae.objectives.iwae import IWAE
from keras_vae.objectives.stl import STL
from tests.objectives.linear_gaussian import LOC, SCALE, X, elbo, gradients, trace_of, true_posterior

ROWS = 40_000


def assert_same_mean(one, other):
    error = np.sqrt((one.var(0) + other.var(0)) / ROWS)
    assert (np.abs(one.mean(0) - other.mean(0)) < 4.5 * error + 1e-4).all()


@pytest.mark.parametrize("term", [STL(5), DReG(5)])
def test_their_values_are_those_of_the_plain_bounds(term):
    plain = IWAE(1, m=5) if isinstance(term, STL) else IWAE(5)
    for samples in (5, 9):
        assert np.allclose(term(trace_of(samples=samples)), plain(trace_of(samples=samples)), rtol=1e-5)


def test_stl_has_the_gradient_of_the_elbo_in_expectation():
    loc, log_scale, step = LOC[:1].astype("float64"), np.log(SCALE[:1]).astype("float64"), 1e-5
    exact = []
    for moved in np.eye(4) * step:
        up, down = (elbo(loc + sign * moved[:2], np.exp(log_scale + sign * moved[2:]), X[:1]) for sign in (1, -1))
        exact.append(-(up - down)[0] / (2 * step))
    found = gradients(STL(2), rows=ROWS)
    assert (np.abs(found.mean(0) - exact) < 4.5 * found.std(0) / np.sqrt(ROWS)).all()
    assert np.abs(exact).max() > 0.1


def test_stl_has_no_gradient_at_the_true_posterior():
    loc, scale = true_posterior()
    assert np.abs(gradients(STL(), loc[0], scale[0], rows=100)).max() < 1e-4
    plain = gradients(IWAE(1), loc[0], scale[0], rows=100)
    assert plain.std(0).min() > 0.1


def test_dreg_has_the_gradient_of_the_plain_bound_in_expectation():
    plain, found = gradients(IWAE(5), rows=ROWS), gradients(DReG(5), rows=ROWS, seed=2)
    assert_same_mean(found, plain)
    assert np.abs(plain.mean(0)).min() > 10 * plain.std(0).min() / np.sqrt(ROWS)


@pytest.mark.slow
def test_dreg_has_the_slope_of_the_expected_bound():
    """Finite differences of the mean bound, with the same noise on both sides."""
    found = gradients(DReG(5), rows=ROWS, seed=2)
    step, x = 0.02, np.tile(X[0], (ROWS, 1))

    def bounds(moved):
        loc, scale = LOC[0] + moved[:2], SCALE[0] * np.exp(moved[2:])
        tiled = [np.tile(array.astype("float32"), (ROWS, 1)) for array in (loc, scale)]
        return IWAE(5)(trace_of(*tiled, samples=5, x=x)).numpy()

    for i, moved in enumerate(np.eye(4) * step):
        slopes = (bounds(moved) - bounds(-moved)) / (2 * step)
        error = np.sqrt((slopes.var() + found[:, i].var()) / ROWS)
        assert abs(slopes.mean() - found[:, i].mean()) < 4.5 * error + 1e-3


def test_dreg_has_less_noise_than_the_plain_gradient():
    plain, found = gradients(IWAE(20), rows=2000), gradients(DReG(20), rows=2000)
    assert (found.var(0) < 0.5 * plain.var(0)).all()


def test_dreg_with_one_draw_is_stl():
    assert np.allclose(gradients(DReG(1), rows=10), gradients(STL(1), rows=10), rtol=1e-5, atol=1e-6)


def test_dreg_refuses_a_hierarchy(refused):
    trace = trace_of(samples=5)
    with refused("one level of latent variables, got 2"):
        DReG(5)(trace.replace(latents=trace.latents * 2))


@pytest.mark.parametrize("term", [STL(3, name="bound"), DReG(3, name="bound")])
def test_they_survive_their_configuration(term):
    config = json.loads(json.dumps(keras.saving.serialize_keras_object(kv.NLL() + term)))
    copy = keras.saving.deserialize_keras_object(config).terms[1]
    assert (type(copy), copy.k, copy.samples, copy.name, copy.trains) == (type(term), 3, 3, "bound", term.trains)


def test_dreg_trains_the_encoder_side_alone():
    assert DReG(5).trains == ("encoder", "posterior")


@pytest.mark.slow
@pytest.mark.parametrize("term", [STL(3), DReG(3)])
def test_xla_gives_what_the_graph_gives(term):
    found = [tf.function(lambda: _value(term), jit_compile=xla)() for xla in (False, True)]
    for own, others in zip(*found, strict=True):
        assert np.allclose(own, others, rtol=1e-4, atol=1e-5)


def _value(term):
    loc = tf.constant(LOC)
    with tf.GradientTape() as tape:
        tape.watch(loc)
        value = term(trace_of(loc, samples=4))
    return value, tape.gradient(value, loc)


@pytest.mark.parametrize("kind", [STL, DReG])
def test_no_draws_are_refused(refused, kind):
    with refused(f"{kind.__name__}: samples k must be"):
        kind(0)

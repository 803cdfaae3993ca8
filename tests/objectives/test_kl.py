import numpy as np
import pytest
import recipes
import tensorflow as tf
import tensorflow_probability as tfp

import keras_vae as kv
from keras_vae.objectives import kl_per_dimension

tfd = tfp.distributions


def trace_of(loc, scale, samples=1):
    """A trace with the posterior N(loc, scale^2), the standard normal prior, and a likelihood of no interest."""
    posterior = tfd.Independent(tfd.Normal(tf.constant(loc, tf.float32), tf.constant(scale, tf.float32)), 1)
    prior = kv.StandardNormalPrior(np.shape(loc)[1:]).distribution()
    z = posterior.sample(samples, seed=(1, 2))
    likelihood = tfd.Independent(tfd.Normal(z, 1.0), 1)
    latents = (kv.Latent(posterior, prior, z),)
    return kv.Trace(tf.zeros(np.shape(loc)), latents, likelihood, tf.constant(0), tf.constant([0, 0]), None, None, {})


LOC, SCALE = np.array([[0.5, -2.0], [0.0, 1.0]]), np.array([[0.3, 1.5], [1.0, 0.9]])


def test_analytic_kl_is_the_closed_form():
    expected = 0.5 * (SCALE**2 + LOC**2 - 1 - 2 * np.log(SCALE)).sum(1)
    assert np.allclose(kv.KL()(trace_of(LOC, SCALE)), expected, rtol=1e-5)


def test_monte_carlo_kl_tends_to_the_analytic_one():
    trace = trace_of(LOC, SCALE, samples=200_000)
    assert np.allclose(kv.KL(estimator="monte_carlo")(trace), kv.KL()(trace), atol=0.02)


def test_the_kl_of_the_dimensions_adds_up():
    trace = trace_of(LOC, SCALE)
    assert np.allclose(tf.reduce_sum(kl_per_dimension(trace.latents[0]), -1), kv.KL()(trace), rtol=1e-5)


def test_the_kl_of_posterior_and_prior_alike_is_zero():
    assert np.allclose(kv.KL()(trace_of(np.zeros((3, 4)), np.ones((3, 4)))), 0, atol=1e-6)


@pytest.mark.parametrize("free_bits", [0.1, 1.0, 50.0])
def test_free_bits_floor_the_mean_kl_of_each_dimension(free_bits):
    trace = trace_of(LOC, SCALE)
    means = kl_per_dimension(trace.latents[0]).numpy().mean(0)
    charged = kv.KL(free_bits)(trace)
    assert charged.shape == (2,)
    assert np.allclose(charged, np.maximum(means, free_bits).sum(), rtol=1e-5)


def test_a_dimension_under_its_free_bits_has_no_gradient():
    loc = tf.Variable([[0.01, 3.0], [-0.01, 3.0]])
    with tf.GradientTape() as tape:
        posterior = tfd.Independent(tfd.Normal(loc, 1.0), 1)
        latent = kv.Latent(posterior, kv.StandardNormalPrior(2).distribution(), posterior.sample(1))
        trace = kv.Trace(tf.zeros((2, 2)), (latent,), posterior, tf.constant(0), tf.constant([0, 0]), None, None, {})
        loss = tf.reduce_mean(kv.KL(0.5)(trace))
    gradient = tape.gradient(loss, loc).numpy()
    assert (gradient[:, 0] == 0).all() and (gradient[:, 1] != 0).all()


def test_free_bits_floor_every_level_of_a_hierarchy():
    model = recipes.create("ladder_vae")
    trace = model.trace(recipes.examples("ladder_vae"), seed=tf.constant([0, 1]), samples=2)
    assert np.allclose(kv.KL(100.0)(trace), 100.0 * sum(model.posterior.levels))


@pytest.mark.slow
def test_free_bits_leave_the_reported_kl_alone():
    x = np.random.default_rng(0).random((64, 5), "float32")
    reported = []
    for free_bits in (0.0, 10.0):
        model = kv.Autoencoder(
            kv.MLPEncoder((5,), (4,)), kv.MLPDecoder((2,), (4,)), objective=kv.NLL() + kv.KL(free_bits), seed=0
        )
        for weight in model.weights:
            weight.assign(tf.fill(weight.shape, 0.1))
        model.compile()
        reported.append(model.evaluate(x, return_dict=True, verbose=0))
    assert reported[0]["kl"] == pytest.approx(reported[1]["kl"])
    assert reported[1]["loss"] == pytest.approx(reported[1]["nll"] + 20)

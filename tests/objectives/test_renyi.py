import json
import math

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_vae as kv
from keras_vae.objectives import log_weights
from keras_vae.objectives.iwae import IWAE
from keras_vae.objectives.renyi import Renyi
from tests.objectives.linear_gaussian import LOC, SCALE, X, log_likelihood, trace_of, true_posterior


def test_order_zero_is_the_importance_weighted_bound():
    trace = trace_of(samples=7)
    assert np.allclose(Renyi(0, k=7)(trace), IWAE(7)(trace), rtol=1e-6)


def test_near_order_one_it_tends_to_the_elbo():
    trace = trace_of(samples=7)
    plain = kv.NLL()(trace) + kv.KL(estimator="monte_carlo")(trace)
    for alpha in (0.999, 1.001):
        assert np.allclose(Renyi(alpha, k=7)(trace), plain, atol=5e-3)


@pytest.mark.parametrize("alpha", [-2.0, 0.5, 3.0])
def test_it_is_the_power_mean_of_the_weights(alpha):
    trace = trace_of(samples=7)
    weights = np.exp(log_weights(trace).numpy().astype("float64"))
    assert np.allclose(Renyi(alpha, k=7)(trace), -np.log(np.mean(weights ** (1 - alpha), 0)) / (1 - alpha), rtol=1e-5)


def test_it_falls_as_the_order_rises():
    trace = trace_of(samples=7)
    bounds = [-Renyi(alpha, k=7)(trace).numpy() for alpha in (-math.inf, -50.0, -1.0, 0.0, 0.5, 0.9, 2.0, 50.0)]
    assert (np.diff(bounds, axis=0) < 0).all()


def test_the_lowest_order_takes_the_largest_weight():
    trace = trace_of(samples=7)
    assert np.allclose(Renyi(-math.inf, k=7)(trace), -log_weights(trace).numpy().max(0), rtol=1e-6)


def test_many_draws_give_the_exact_divergence():
    """log p(x) minus the Rényi divergence of normal distributions, for which there is a closed form."""
    alpha, (loc, scale) = 0.5, true_posterior()
    blend = alpha * scale**2 + (1 - alpha) * SCALE**2  # of q against p: weights alpha on p's variance
    log_ratio = (1 - alpha) * np.log(SCALE) + alpha * np.log(scale) - 0.5 * np.log(blend)
    divergence = (0.5 * alpha * (LOC - loc) ** 2 / blend - log_ratio / (1 - alpha)).sum(1)
    assert (divergence > 0.05).all()
    estimate = -Renyi(alpha, k=200_000)(trace_of(samples=200_000))
    assert np.allclose(estimate, log_likelihood(X) - divergence, atol=0.01)


@pytest.mark.parametrize("alpha", [-3.0, 0.5, 2.0])
def test_its_gradient_weighs_the_draws_by_powers_of_their_weights(alpha):
    weights = tf.Variable([[1.0, 2.0], [3.0, 1.0], [0.5, 0.7]])
    with tf.GradientTape() as tape:
        trace = trace_of(samples=3)
        value = Renyi(alpha, k=3)(trace.replace(likelihood=Fixed(weights, trace)))
    powers = np.exp((1 - alpha) * weights.numpy())
    assert np.allclose(tape.gradient(value, weights), -powers / powers.sum(0), rtol=1e-4)


class Fixed:
    """A likelihood that makes the log-weights those given."""

    def __init__(self, weights, trace):
        self.weights, self.trace = weights, trace

    def log_prob(self, x):
        latent = self.trace.latents[0]
        return self.weights + latent.posterior.log_prob(latent.sample) - latent.prior.log_prob(latent.sample)


@pytest.mark.parametrize("alpha", [-math.inf, -1.5, 2])
def test_it_survives_its_configuration(alpha):
    config = json.loads(json.dumps(keras.saving.serialize_keras_object(kv.NLL() + Renyi(alpha, k=3, name="bound"))))
    term = keras.saving.deserialize_keras_object(config).terms[1]
    assert (term.alpha, term.k, term.name, term.samples) == (alpha, 3, "bound", 3)


@pytest.mark.parametrize("alpha", [-math.inf, 0.5])
def test_xla_gives_what_the_graph_gives(alpha):
    def value():
        return Renyi(alpha, k=3)(trace_of(samples=5))

    assert np.allclose(tf.function(value)(), tf.function(value, jit_compile=True)(), rtol=1e-5)


def test_order_one_is_refused_with_a_hint(refused):
    with refused(r"NLL\(\) \+ KL\(\)"):
        Renyi(1.0)


@pytest.mark.parametrize("alpha", [math.inf, math.nan, "0.5", None, True])
def test_other_orders_are_refused(refused, alpha):
    with refused("alpha must be a number"):
        Renyi(alpha)


def test_no_draws_are_refused(refused):
    with refused("samples k must be"):
        Renyi(0.5, k=0)

import math

import keras
import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp

import keras_vae as kv
from keras_vae.objectives.aggregate import log_densities, squared_distances
from keras_vae.objectives.dip import DIP
from keras_vae.objectives.mmd import MMD
from keras_vae.objectives.sinkhorn import Sinkhorn
from keras_vae.objectives.sliced_wasserstein import SlicedWasserstein
from keras_vae.objectives.total_correlation import DimensionwiseKL, MutualInformation, TotalCorrelation
from tests.objectives.traces import FixedDraws, normal, trace_of_codes, trace_of_latent, trace_of_normals

tfd = tfp.distributions

TERMS = [
    MutualInformation(100, estimator="stratified", name="mi"),
    TotalCorrelation(100),
    DimensionwiseKL(),
    DIP("i", diagonal=3.0),
    DIP("ii", off_diagonal=2.0, name="dip_ii"),
    MMD("rbf", bandwidths=(0.5, 2.0), scale=2.0, unbiased=False, name="mmd_rbf"),
    MMD(),
    SlicedWasserstein(20, p=1.5),
    Sinkhorn(0.3, iterations=20),
    Sinkhorn(1.0, iterations=30, debiased=False, name="transport"),
]
STATISTICS = [term for term in TERMS if isinstance(term, (DIP, MMD, SlicedWasserstein, Sinkhorn))]
COMPARES_WITH_PRIOR = [term for term in TERMS if isinstance(term, (MMD, SlicedWasserstein, Sinkhorn))]


@pytest.mark.slow
@pytest.mark.parametrize("term", TERMS, ids=lambda term: term.name)
def test_a_term_is_the_same_under_xla_and_has_a_gradient(term):
    width = 1 if isinstance(term, SlicedWasserstein) else 3  # XLA has other noise, but a line has but one direction
    noise, prior = normal(2, 6, width), FixedDraws(normal(6, width, seed=1))

    def value_and_gradient(loc):
        with tf.GradientTape() as tape:
            tape.watch(loc)
            scale = 0.3 + loc**2
            posterior = tfd.Independent(tfd.Normal(loc, scale), 1)
            value = term(trace_of_latent(posterior, loc + scale * noise, prior))
        return value, tape.gradient(value, loc)

    loc = tf.constant(normal(6, width, seed=2))
    value, gradient = value_and_gradient(loc)
    xla_value, xla_gradient = tf.function(value_and_gradient, jit_compile=True)(loc)
    assert value.shape == (6,)
    assert np.allclose(value, xla_value, rtol=1e-4, atol=1e-4)
    assert np.allclose(gradient, xla_gradient, rtol=1e-3, atol=1e-4)
    assert np.isfinite(gradient).all() and np.abs(gradient).max() > 1e-3


@pytest.mark.parametrize("term", TERMS, ids=lambda term: term.name)
def test_a_batch_of_one_gives_finite_numbers(term):
    loc = tf.Variable([[0.5, -1.0]])
    with tf.GradientTape() as tape:
        value = term(trace_of_normals(loc, tf.exp(loc)))
    assert np.isfinite(value).all() and np.isfinite(tape.gradient(value, loc)).all()


@pytest.mark.parametrize("term", STATISTICS, ids=lambda term: term.name)
def test_a_statistic_of_the_batch_is_the_same_for_each_example_and_in_any_order(term):
    loc, scale = normal(9, 2), np.exp(normal(9, 2, seed=1))
    trace = trace_of_normals(loc, scale)
    order = np.random.default_rng(0).permutation(9)
    z = tf.gather(trace.latents[0].sample, order, axis=1)
    posterior = tfd.Independent(tfd.Normal(loc[order], scale[order]), 1)
    shuffled = trace_of_latent(posterior, z, trace.latents[0].prior)
    assert np.ptp(term(trace)) == 0
    assert np.allclose(term(trace), term(shuffled), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("term", TERMS, ids=lambda term: term.name)
def test_codes_of_any_shape_are_vectors_to_a_term(term):
    loc, scale = normal(5, 2, 3), np.exp(normal(5, 2, 3, seed=1))
    trace = trace_of_normals(loc, scale)
    flat = tfd.Independent(tfd.Normal(loc.reshape(5, 6), scale.reshape(5, 6)), 1)
    flat_trace = trace_of_latent(
        flat, tf.reshape(trace.latents[0].sample, (1, 5, 6)), kv.StandardNormalPrior((6,)).distribution()
    )
    assert np.allclose(term(trace), term(flat_trace), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("term", COMPARES_WITH_PRIOR, ids=lambda term: term.name)
def test_other_seeds_give_other_prior_draws(term):
    codes = normal(8, 2)
    values = [float(term(trace_of_codes(codes, seed=seed))[0]) for seed in (0, 0, 1)]
    assert values[0] == values[1] != values[2]


def test_a_hierarchy_or_no_prior_is_refused(refused):
    trace = trace_of_normals(normal(4, 2), np.ones((4, 2)))
    two_levels = trace.replace(latents=trace.latents * 2)
    no_prior = trace.replace(latents=(trace.latents[0]._replace(prior=None),))
    for term in TERMS:
        with refused("one level of latent variables; got 2"):
            term(two_levels)
    for term in [TotalCorrelation(), *COMPARES_WITH_PRIOR]:
        with refused("prior"):
            term(no_prior)


def test_dependent_dimensions_have_no_factorised_estimate(refused):
    posterior = tfd.MultivariateNormalTriL(normal(4, 2), np.eye(2, dtype="float32"))
    prior = kv.StandardNormalPrior((2,)).distribution()
    with refused("independent dimensions"):
        log_densities(trace_of_latent(posterior, posterior.sample(1, seed=(0, 1)), prior))


def test_squared_distances_do_not_cancel():
    x, y = normal(4, 3) + 1000, normal(5, 3, seed=1) + 1000
    expected = ((x[:, None].astype("float64") - y[None]) ** 2).sum(-1)
    assert np.allclose(squared_distances(tf.constant(x), tf.constant(y)), expected, rtol=1e-6)


@pytest.mark.slow
def test_models_learn_with_every_term():
    x = np.random.default_rng(0).random((48, 4), "float32")
    objective = kv.NLL() + kv.KL()
    for term in TERMS:
        objective = objective + 0.1 * term
    model = kv.Autoencoder(
        kv.MLPEncoder((4,), (8,)), kv.MLPDecoder((2,), (8,)), likelihood="normal", objective=objective, seed=0
    )
    model.compile(keras.optimizers.Adam(1e-2), jit_compile=False)
    history = model.fit(x, batch_size=20, epochs=3, verbose=0).history  # the last batch is smaller
    assert all(math.isfinite(value) for values in history.values() for value in values)
    assert history["loss"][-1] < history["loss"][0]

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp

import keras_vae as kv
from keras_vae.objectives.dip import DIP
from tests.objectives.traces import normal, trace_of_codes, trace_of_latent, trace_of_normals

tfd = tfp.distributions

LOC, SCALE = normal(7, 3) + 2.0, np.exp(normal(7, 3, seed=1))


def penalty(covariance, diagonal, off_diagonal):
    squares = (covariance - np.eye(len(covariance))) ** 2
    return diagonal * np.trace(squares) + off_diagonal * (squares.sum() - np.trace(squares))


@pytest.mark.parametrize("kind", ["i", "ii"])
def test_the_penalty_is_on_the_covariance_of_means_or_of_codes(kind):
    covariance = np.cov(LOC.T, bias=True) + (kind == "ii") * np.diag((SCALE**2).mean(0))
    value = DIP(kind, diagonal=3.0, off_diagonal=0.5)(trace_of_normals(LOC, SCALE))
    assert np.allclose(value, penalty(covariance, 3.0, 0.5), rtol=1e-4)


def test_the_second_kind_is_on_the_covariance_of_draws():
    trace = trace_of_normals(LOC, SCALE, samples=100_000)
    covariance = np.cov(trace.latents[0].sample.numpy().reshape(-1, 3).T)
    assert np.allclose(DIP("ii")(trace), penalty(covariance, 10.0, 1.0), rtol=0.03)


def test_a_posterior_with_dependent_dimensions_counts_its_covariances():
    factor = np.linalg.cholesky([[1.0, 0.5], [0.5, 2.0]]).astype("float32")
    posterior = tfd.MultivariateNormalTriL(tf.zeros((5, 2)), factor)
    trace = trace_of_latent(posterior, posterior.sample(1, seed=(0, 1)), kv.StandardNormalPrior((2,)).distribution())
    assert np.allclose(DIP("ii", diagonal=10.0, off_diagonal=1.0)(trace), 10.0 + 2 * 0.25, rtol=1e-4)


def test_white_codes_cost_nothing():
    codes = np.array([[1, 1], [1, -1], [-1, 1], [-1, -1]]) + 5.0
    assert np.allclose(DIP("i")(trace_of_codes(codes)), 0, atol=1e-6)
    assert np.allclose(DIP("ii")(trace_of_codes(codes)), 0, atol=1e-6)
    assert np.allclose(DIP("ii")(trace_of_normals(np.zeros((4, 2)), np.ones((4, 2)))), 0, atol=1e-6)
    assert np.allclose(DIP("i")(trace_of_normals(np.zeros((4, 2)), np.ones((4, 2)))), 20, atol=1e-6)


def test_bad_arguments_are_refused(refused):
    with refused("Unknown kind of DIP 'iii'"):
        DIP("iii")
    for weight in (-1.0, float("nan"), float("inf"), "1"):
        with refused("DIP: diagonal must be"):
            DIP(diagonal=weight)
        with refused("DIP: off_diagonal must be"):
            DIP(off_diagonal=weight)


def test_a_posterior_without_moments_is_refused(refused):
    posterior = tfd.TransformedDistribution(tfd.MultivariateNormalDiag(tf.zeros((4, 2))), tfp.bijectors.Softplus())
    trace = trace_of_latent(posterior, posterior.sample(1, seed=(0, 1)), kv.StandardNormalPrior((2,)).distribution())
    with refused("DIP: expected a posterior with known moments"):
        DIP()(trace)

"""What the pages for users of other libraries say: equal losses up to the stated factors."""

import math

import keras
import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp

import keras_vae as kv
from tests.objectives.traces import normal, trace_of_normals

tfd = tfp.distributions
B, D = 6, 4


@pytest.mark.parametrize("channels", [1, 3])
def test_the_cross_entropy_of_keras_is_the_nll_divided_by_the_channels(channels):
    x, logits = tf.sigmoid(normal(B, 8, 8, channels, seed=1)), normal(B, 8, 8, channels)
    theirs = tf.reduce_sum(keras.losses.binary_crossentropy(x, tf.sigmoid(logits)), axis=(1, 2))
    nll = -kv.Bernoulli((8, 8, channels)).distribution({"logits": tf.constant(logits)}).log_prob(x)
    np.testing.assert_allclose(nll, channels * theirs, rtol=1e-5)


@pytest.mark.parametrize(
    ("scale", "factor"), [(1.0, 0.5), (math.sqrt(0.5), 1.0), (math.sqrt(D / 2), 1 / D)], ids=["half", "sum", "mean"]
)
def test_the_scale_of_a_normal_is_the_factor_of_a_squared_error(scale, factor):
    x, loc = normal(B, D, seed=1), normal(B, D)
    nll = -kv.Normal((D,), scale=scale).distribution({"loc": tf.constant(loc)}).log_prob(x)
    constant = D * math.log(scale * math.sqrt(2 * math.pi))
    np.testing.assert_allclose(nll, factor * np.sum((x - loc) ** 2, axis=1) + constant, rtol=1e-5)


def losses_of_tfp(parameters, **options):
    """The loss that the two layers of TFP for the KL add, each to its model."""
    import tf_keras

    prior = tfd.MultivariateNormalDiag(tf.zeros(D))
    regularizer = tfp.layers.KLDivergenceRegularizer(prior, **options)
    regularized = tf_keras.Sequential([tfp.layers.MultivariateNormalTriL(D, activity_regularizer=regularizer)])
    added = tf_keras.Sequential(
        [tfp.layers.MultivariateNormalTriL(D), tfp.layers.KLDivergenceAddLoss(prior, **options)]
    )
    for model in (regularized, added):
        model(parameters)
    return tf.add_n(regularized.losses), tf.add_n(added.losses)


@pytest.mark.slow
def test_tfp_counts_the_kl_twice_in_the_regularizer_and_once_per_example_in_the_exact_layer():
    parameters = normal(B, D + D * (D + 1) // 2)
    posterior = kv.FullCovarianceNormal((D,), min_scale=1e-5, project=False)
    posterior.build(parameters.shape)
    prior = kv.StandardNormalPrior((D,)).distribution()
    kl = tf.reduce_mean(tfd.kl_divergence(posterior.distribution(posterior(parameters)), prior))
    regularized, added = losses_of_tfp(parameters, use_exact_kl=True)
    np.testing.assert_allclose([regularized, added], [2 * kl, B * kl], rtol=1e-5)


def test_the_total_correlation_of_disentanglement_lib_differs_by_a_constant():
    trace = trace_of_normals(normal(B, D), np.exp(normal(B, D, seed=1)))
    z, posterior = trace.latents[0].sample[0], trace.latents[0].posterior.distribution
    pairwise = posterior.log_prob(z[:, None])  # log q(z_i | x_j) of each dimension, (i, j, d)
    theirs = tf.reduce_logsumexp(tf.reduce_sum(pairwise, 2), 1) - tf.reduce_sum(tf.reduce_logsumexp(pairwise, 1), 1)
    ours = kv.TotalCorrelation()(trace)
    np.testing.assert_allclose(ours - (D - 1) * math.log(B), theirs, rtol=1e-4)


@pytest.mark.slow
def test_the_score_of_pyod_is_the_root_of_the_summed_error():
    x = normal(60, D) * [1, 10, 100, 1000]
    model = kv.zoo.tabular_vae((D,), 2, units=(8,), seed=0)
    model.adapt(x)
    scorer = kv.evaluation.AnomalyScorer(model, x, x)
    theirs = np.linalg.norm((x - model.reconstruct(x)) / x.std(axis=0), axis=1)
    np.testing.assert_allclose(np.sqrt(D * scorer(x)["error"]), theirs, rtol=1e-3)

import itertools

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp
from scipy import stats
from scipy.special import logsumexp

import keras_vae as kv
from keras_vae.objectives.aggregate import log_densities
from keras_vae.objectives.total_correlation import DimensionwiseKL, MutualInformation, TotalCorrelation
from tests.objectives.traces import normal, trace_of_latent, trace_of_normals

tfd = tfp.distributions

SAMPLING = [(None, "weighted"), (10, "weighted"), (10, "stratified"), (6, "weighted"), (6, "stratified")]
LOC, SCALE = normal(6, 3), np.exp(0.5 * normal(6, 3, seed=1))


def weights_of_the_paper(size, dataset_size, estimator):
    """w_ij of Chen et al. 2018, section 4.1 and appendix C.2, with M + 1 = size."""
    if dataset_size is None:
        return np.full((size, size), 1 / size)
    if estimator == "weighted":
        return np.full((size, size), 1 / (dataset_size * size))
    m = size - 1
    weights = np.full((size, size), 1 / m)
    for i in range(size):
        weights[i, i] = 1 / dataset_size
        weights[i, (i + 1) % size] = (dataset_size - m) / (dataset_size * m)
    return weights


@pytest.mark.parametrize(("dataset_size", "estimator"), SAMPLING)
def test_the_densities_are_those_of_the_paper(dataset_size, estimator):
    trace = trace_of_normals(LOC, SCALE, samples=2)
    z = trace.latents[0].sample.numpy()
    weights = weights_of_the_paper(6, dataset_size, estimator)
    pairwise = stats.norm(LOC, SCALE).logpdf(z[:, :, None])  # (S, i, j, D)
    found = log_densities(trace, dataset_size, estimator)
    own = pairwise[:, range(6), range(6)].sum(-1)
    aggregate = logsumexp(pairwise.sum(-1), axis=2, b=weights)
    factorised = logsumexp(pairwise, axis=2, b=weights[..., None]).sum(-1)
    assert np.allclose(found.conditional, own.mean(0), rtol=1e-4)
    assert np.allclose(found.aggregate, aggregate.mean(0), rtol=1e-4)
    assert np.allclose(found.factorised, factorised.mean(0), rtol=1e-4)
    assert np.allclose(found.prior, stats.norm.logpdf(z).sum(-1).mean(0), rtol=1e-4)


@pytest.mark.parametrize(("dataset_size", "estimator"), SAMPLING)
def test_the_three_parts_add_up_to_the_kl(dataset_size, estimator):
    trace = trace_of_normals(LOC, SCALE, samples=3)
    parts = [
        kind(dataset_size, estimator=estimator)(trace)
        for kind in (MutualInformation, TotalCorrelation, DimensionwiseKL)
    ]
    assert np.allclose(sum(parts), kv.KL(estimator="monte_carlo")(trace), rtol=1e-4, atol=1e-4)


def test_without_a_size_the_batch_is_the_data_set():
    trace = trace_of_normals(LOC, SCALE)
    mixture = tfd.MixtureSameFamily(tfd.Categorical(logits=tf.zeros(6)), tfd.Independent(tfd.Normal(LOC, SCALE), 1))
    exact = mixture.log_prob(trace.latents[0].sample[0])
    assert np.allclose(log_densities(trace).aggregate, exact, rtol=1e-4)
    weighted = log_densities(trace, 6, "weighted").aggregate
    assert np.allclose(weighted, exact - np.log(6), rtol=1e-4)


def test_the_stratified_mixture_is_unbiased_over_batches():
    n, size = 5, 3
    loc, scale, z = LOC[:n], SCALE[:n], normal(1, n, 3, seed=2)
    exact = stats.norm(loc, scale).pdf(z[0, 0]).prod(-1).mean()
    estimates = []
    for others in itertools.permutations(range(1, n), size - 1):
        rows = [0, *others]
        posterior = tfd.Independent(tfd.Normal(loc[rows], scale[rows]), 1)
        trace = trace_of_latent(posterior, z[:, rows], kv.StandardNormalPrior((3,)).distribution())
        estimates.append(np.exp(log_densities(trace, n, "stratified").aggregate[0]))
    assert np.std(estimates) > 0.1 * exact
    assert np.mean(estimates) == pytest.approx(exact, rel=1e-4)


@pytest.mark.parametrize("correlation", [0.0, 0.8])
def test_a_gaussian_aggregate_has_the_closed_forms(correlation):
    within, between = 0.6, np.array([[1.0, correlation], [correlation, 1.0]])
    points = stats.qmc.MultivariateNormalQMC(np.zeros(4), seed=0).random(1024).astype("float32")
    codes = points[:, :2] @ np.linalg.cholesky(between).T.astype("float32")
    posterior = tfd.Independent(tfd.Normal(codes, within), 1)
    z = codes + within * points[:, 2:]
    trace = trace_of_latent(posterior, z[np.newaxis], kv.StandardNormalPrior((2,)).distribution())
    total = between + within**2 * np.eye(2)
    variances = np.diag(total)
    tc = 0.5 * (np.log(variances).sum() - np.linalg.slogdet(total)[1])
    dimensionwise = 0.5 * (variances - 1 - np.log(variances)).sum()
    mi = 0.5 * np.linalg.slogdet(total / within**2)[1]
    for kind, expected in ((MutualInformation, mi), (TotalCorrelation, tc), (DimensionwiseKL, dimensionwise)):
        assert float(tf.reduce_mean(kind()(trace))) == pytest.approx(expected, abs=0.02)


def test_examples_with_codes_far_apart_tell_all_there_is_to_tell():
    trace = trace_of_normals(100.0 * np.arange(8.0)[:, None], np.ones((8, 1)))
    assert np.allclose(MutualInformation()(trace), np.log(8), atol=1e-5)
    assert np.allclose(MutualInformation(100, estimator="stratified")(trace), np.log(100), atol=1e-4)


def test_the_total_correlation_of_one_dimension_is_zero():
    trace = trace_of_normals(LOC[:, :1], SCALE[:, :1])
    assert np.allclose(TotalCorrelation(50, estimator="stratified")(trace), 0, atol=1e-5)


@pytest.mark.parametrize("kind", [MutualInformation, TotalCorrelation, DimensionwiseKL])
def test_bad_arguments_are_refused(kind, refused):
    for size in (0, -3, 2.5, True, "100"):
        with refused(f"{kind.__name__}: dataset_size must be an integer >= 1"):
            kind(size)
    with refused(f"Unknown estimator of {kind.__name__} 'stratify': did you mean 'stratified'"):
        kind(10, estimator="stratify")


def test_a_batch_larger_than_the_data_set_is_refused(refused):
    with refused("at least the batch's 6; got 5"):
        TotalCorrelation(5)(trace_of_normals(LOC, SCALE))

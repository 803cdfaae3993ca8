"""The numbers that users compare models by, against exact ones."""

import keras
import numpy as np
import pytest
from linear_model import linear_example, linear_model
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA

import keras_vae as kv


@pytest.fixture(scope="module")
def linear():
    return linear_example()


@pytest.mark.slow
def test_the_importance_weighted_bound_tends_to_the_exact_log_likelihood(linear):
    model, x, exact = linear
    assert np.abs(model.log_likelihood(x, samples=100_000) - exact).max() < 0.05


@pytest.mark.slow
def test_the_importance_weighted_bound_rises_with_the_number_of_samples(linear):
    model, x, exact = linear
    means = [np.mean([model.log_likelihood(x, samples=s, seed=seed).mean() for seed in range(200 // s)])
             for s in (1, 5, 25, 100)]  # fmt: skip
    assert means == sorted(means)
    assert means[0] < means[-1] - 0.3
    assert means[-1] < exact.mean() + 0.05


@pytest.mark.slow
def test_at_one_sample_the_importance_weighted_bound_is_the_elbo(linear):
    model, x, _ = linear
    single = np.stack([model.log_likelihood(x, samples=1, seed=seed) for seed in range(400)])
    standard_error = single.std(axis=0) / np.sqrt(len(single))
    assert (np.abs(single.mean(axis=0) - model.elbo(x, samples=20_000)) < 5 * standard_error + 0.02).all()


def test_the_elbo_is_the_closed_form(linear):
    model, x, _ = linear
    posterior = model.encode(x)
    mean, variance = posterior.mean().numpy().astype("float64"), posterior.variance().numpy().astype("float64")
    kernel, bias = (weight.numpy().astype("float64") for weight in model.likelihood.weights)
    expected_error = ((x - mean @ kernel - bias) ** 2).sum(1) + variance @ (kernel**2).sum(1)
    nll = expected_error / (2 * 0.49) + 3 * np.log(2 * np.pi * 0.49)
    kl = 0.5 * (variance + mean**2 - 1 - np.log(variance)).sum(1)
    assert np.allclose(model.elbo(x, samples=50_000), -nll - kl, atol=0.15)


@pytest.mark.slow
def test_bounds_do_not_depend_on_the_number_of_draws_decoded_at_a_time(linear):
    model, x, _ = linear
    whole = model.log_likelihood(x, samples=20_000, batch_size=40_000)
    pieces = model.log_likelihood(x, samples=20_000, batch_size=64)
    assert np.abs(whole - pieces).max() < 0.1


@pytest.mark.slow
def test_a_trained_linear_vae_reaches_probabilistic_pca_from_below():
    digits = load_digits().data.astype("float32") / 16
    exact = PCA(4, svd_solver="full").fit(digits).score(digits)
    keras.utils.set_random_seed(0)
    model = linear_model(64, 4, scale="shared")
    steps = 6000
    rate = keras.optimizers.schedules.CosineDecay(1e-2, steps)
    model.compile(keras.optimizers.Adam(rate), steps_per_execution=100)
    batches = kv.data.batches(digits, 512, shuffle=True, start_epoch=0)
    model.fit(batches, steps_per_epoch=steps, verbose=0, shuffle=False)
    reached = model.log_likelihood(digits, samples=500).mean()
    assert exact - 0.2 < reached < exact + 0.01

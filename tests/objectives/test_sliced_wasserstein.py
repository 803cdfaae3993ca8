import numpy as np
import pytest
from scipy import stats

from keras_vae.objectives.sliced_wasserstein import SlicedWasserstein
from keras_vae.random import fold
from tests.objectives.traces import normal, trace_of_codes


def prior_draws(term, trace):
    n = trace.latents[0].sample.shape[1]
    return trace.latents[0].prior.sample(n, seed=fold(term.seed(trace), 0)).numpy()


def test_in_one_dimension_it_is_the_wasserstein_distance():
    term = SlicedWasserstein(3, p=1)
    trace = trace_of_codes(2 * normal(30, 1) + 1)
    expected = stats.wasserstein_distance(trace.latents[0].sample[0, :, 0], prior_draws(term, trace)[:, 0])
    assert np.allclose(term(trace), expected, rtol=1e-5)


def test_the_square_in_one_dimension_is_that_of_the_sorted_differences():
    term = SlicedWasserstein(3)
    trace = trace_of_codes(2 * normal(30, 1) + 1)
    difference = np.sort(trace.latents[0].sample[0, :, 0]) - np.sort(prior_draws(term, trace)[:, 0])
    assert np.allclose(term(trace), np.mean(difference**2), rtol=1e-5)


@pytest.mark.parametrize("p", [2.0, 4.0])
def test_a_shift_costs_its_mean_along_the_lines(p):
    term, shift = SlicedWasserstein(20_000, p=p), np.array([1.0, 2.0, -2.0], "float32")
    draws = prior_draws(term, trace_of_codes(np.zeros((5, 3))))
    cosine_moment = {2.0: 1 / 3, 4.0: 1 / 5}[p]  # of a uniform direction in three dimensions
    assert np.allclose(term(trace_of_codes(draws + shift)), cosine_moment * 3.0**p, rtol=0.03)


def test_the_same_points_in_another_order_cost_nothing():
    term = SlicedWasserstein()
    draws = prior_draws(term, trace_of_codes(np.zeros((9, 4))))
    assert np.allclose(term(trace_of_codes(draws[::-1])), 0, atol=1e-9)


def test_bad_arguments_are_refused(refused):
    for projections in (0, -1, 2.5):
        with refused("SlicedWasserstein: projections must be an integer >= 1"):
            SlicedWasserstein(projections)
    for p in (0.5, -1, float("inf"), float("nan"), "2"):
        with refused("SlicedWasserstein: p must be a number >= 1"):
            SlicedWasserstein(p=p)

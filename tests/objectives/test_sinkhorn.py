import numpy as np
import pytest
import tensorflow as tf
from scipy.optimize import linear_sum_assignment

from keras_vae.objectives.sinkhorn import Sinkhorn, optimal_transport
from tests.objectives.traces import normal, trace_of_codes


def prior_draws(term, trace):
    n = trace.latents[0].sample.shape[1]
    return trace.latents[0].prior.sample(n, seed=term.seed(trace)).numpy()


@tf.function(reduce_retracing=True)
def transport(cost, epsilon, iterations):
    return optimal_transport(tf.cast(cost, tf.float32), tf.cast(epsilon, tf.float32), iterations)


def cost_of(x, y):
    return ((x[:, None] - y[None]) ** 2).sum(-1)


COST = cost_of(normal(12, 2), normal(12, 2, seed=1) + 0.5)


def test_a_small_epsilon_gives_the_optimal_assignment():
    best = COST[linear_sum_assignment(COST)].mean()
    value, plan = transport(COST, tf.constant(1e-3), tf.constant(3000))
    assert float(value) == pytest.approx(best, abs=1e-3 * np.log(12) + 1e-4)
    assert (np.argmax(plan, axis=1) == linear_sum_assignment(COST)[1]).all()


def test_the_plan_moves_all_masses():
    _, plan = optimal_transport(tf.constant(COST), 0.5, 100)
    assert np.allclose(tf.reduce_sum(plan, axis=0), 1 / 12, rtol=1e-4)
    assert np.allclose(tf.reduce_sum(plan, axis=1), 1 / 12, rtol=1e-4)


def test_the_value_is_that_of_the_plan():
    value, plan = optimal_transport(tf.constant(COST), 0.5, 100)
    plan = plan.numpy()
    assert float(value) == pytest.approx((plan * COST + 0.5 * plan * np.log(plan * 144)).sum(), rel=1e-4)


def test_fewer_iterations_give_a_lower_bound():
    values = [float(transport(COST, tf.constant(0.05), tf.constant(n))[0]) for n in (1, 3, 10, 500)]
    assert max(values[:-1]) <= values[-1] + 1e-5
    assert values[0] < values[-1] - 0.01


@pytest.mark.slow
def test_the_gradient_is_the_plan_and_the_slope():
    cost = tf.constant(COST)
    with tf.GradientTape() as tape:
        tape.watch(cost)
        value, plan = optimal_transport(cost, 0.5, 100)
    gradient = tape.gradient(value, cost)
    assert np.allclose(gradient, plan, rtol=1e-4, atol=1e-7)
    bump = np.zeros_like(COST)
    bump[3, 4], bump[5, 1] = 0.1, -0.1
    up, down = (float(optimal_transport(tf.constant(COST + sign * bump), 0.5, 100)[0]) for sign in (1, -1))
    assert (up - down) / 2 == pytest.approx(float(np.sum(gradient * bump)), abs=2e-6)


def test_one_point_each_costs_their_distance():
    value, plan = optimal_transport(tf.constant([[3.0]]), 0.5, 5)
    assert float(value) == pytest.approx(3.0, rel=1e-5)
    assert np.allclose(plan, 1.0)


def test_the_same_points_cost_nothing_unless_biased():
    for term, expected in ((Sinkhorn(), 0.0), (Sinkhorn(debiased=False), None)):
        draws = prior_draws(term, trace_of_codes(np.zeros((10, 3))))
        value = float(term(trace_of_codes(draws))[0])
        assert value == pytest.approx(0.0, abs=1e-5) if expected == 0.0 else value > 0.1


def test_a_large_epsilon_gives_the_squared_distance_of_the_means():
    term = Sinkhorn(1e4)
    codes = normal(10, 2) + 3.0
    difference = codes.mean(0) - prior_draws(term, trace_of_codes(codes)).mean(0)
    assert np.allclose(term(trace_of_codes(codes)), (difference**2).sum(), rtol=0.02)


def test_a_shift_of_the_points_costs_its_square():
    term, shift = Sinkhorn(0.5, iterations=200), np.array([2.0, -1.0], "float32")
    draws = prior_draws(term, trace_of_codes(np.zeros((10, 2))))
    assert np.allclose(term(trace_of_codes(draws + shift)), 5.0, rtol=1e-3)


def test_bad_arguments_are_refused(refused):
    for epsilon in (0.0, -1.0, float("nan"), float("inf"), True, "1"):
        with refused("Sinkhorn: epsilon must be a positive number"):
            Sinkhorn(epsilon)
    for iterations in (0, -1, 1.5):
        with refused("Sinkhorn: iterations must be an integer >= 1"):
            Sinkhorn(iterations=iterations)

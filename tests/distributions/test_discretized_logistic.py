import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from keras_vae.distributions.discretized_logistic import DiscretizedLogistic, LogisticOnGrid

EXTREMES = [(loc, scale) for loc in (-3.0, 0.0, 0.123, 0.5, 1.0, 4.0) for scale in (4e-4, 0.01, 0.3, 10.0, 1e3)]


def log_probs(loc, scale, levels=256):
    """Of every value of the grid, in its order."""
    grid = np.linspace(0, 1, levels, dtype="float32")
    return LogisticOnGrid(np.float32(loc), np.float32(scale), levels=levels).log_prob(grid).numpy()


@pytest.mark.parametrize(("loc", "scale"), EXTREMES)
def test_probabilities_are_finite_in_the_log_and_sum_to_one(loc, scale):
    found = log_probs(loc, scale)
    assert np.isfinite(found).all()
    assert np.exp(found.astype("float64")).sum() == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize(("loc", "scale"), EXTREMES)
def test_the_log_probability_is_scipys_difference_of_distribution_functions(loc, scale):
    edges = (np.arange(255) + 0.5) / 255
    law = stats.logistic(float(np.float32(loc)), float(np.float32(scale)))
    differences = np.where(  # on the side where the distribution function is small
        edges[1:] < law.mean(), law.cdf(edges[1:]) - law.cdf(edges[:-1]), law.sf(edges[:-1]) - law.sf(edges[1:])
    )
    with np.errstate(divide="ignore"):
        expected = np.log(np.concatenate([law.cdf(edges[:1]), differences, law.sf(edges[-1:])]))
    found, known = log_probs(loc, scale), expected > -300  # SciPy underflows below
    assert known.any() and np.allclose(found[known], expected[known], rtol=1e-4, atol=1e-4)


def test_far_in_the_tail_the_log_probability_is_linear():
    found = log_probs(0.0, 1e-3)  # P(k) ~ exp(-k / (255 * 0.001)), far below the least float32
    assert found[-2] < -900
    assert np.allclose(np.diff(found[50:-1]), -1 / 0.255, rtol=1e-3)


@pytest.mark.parametrize("levels", [2, 3, 16])
def test_probabilities_of_few_levels_sum_to_one(levels):
    assert np.exp(log_probs(0.4, 0.2, levels)).sum() == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize(("loc", "scale"), EXTREMES)
def test_the_mean_is_the_expectation_over_the_grid(loc, scale):
    expected = np.exp(log_probs(loc, scale).astype("float64")) @ np.linspace(0, 1, 256)
    found = LogisticOnGrid(np.float32(loc), np.float32(scale), levels=256).mean()
    assert float(found) == pytest.approx(expected, abs=2e-5)


def test_the_mean_has_a_gradient_under_xla():
    @tf.function(jit_compile=True)
    def slope(loc):
        with tf.GradientTape() as tape:
            tape.watch(loc)
            mean = LogisticOnGrid(loc, tf.constant(0.02), levels=256).mean()
        return tape.gradient(mean, loc)

    assert np.allclose(slope(tf.constant([0.3, 0.5])), 1.0, atol=1e-3)


def test_samples_follow_the_probabilities():
    samples = LogisticOnGrid(np.float32(0.8), np.float32(0.3), levels=4).sample(20_000, seed=(1, 2)).numpy()
    frequencies = (np.round(samples * 3)[:, None] == np.arange(4)).mean(0)
    assert np.allclose(frequencies, np.exp(log_probs(0.8, 0.3, 4)), atol=0.015)
    assert np.allclose(samples * 3, np.round(samples * 3), atol=1e-6)


def test_a_mixture_is_the_weighted_sum_of_its_logistics():
    head = DiscretizedLogistic((1,), components=3)
    locs, raw, logits = np.random.default_rng(0).normal(0.4, 0.5, (3, 1, 1, 3)).astype("float32")
    distribution = head.distribution({"loc": locs, "raw_scale": raw - 3, "logits": logits})
    scales = np.log1p(np.exp(raw - 3)) + 0.1 / 255
    each = np.stack([log_probs(*pair) for pair in zip(locs.ravel(), scales.ravel(), strict=True)])
    weights = np.exp(logits.ravel()) / np.exp(logits).sum()
    grid = np.linspace(0, 1, 256, dtype="float32")
    found = np.stack([distribution.log_prob([[value]])[0] for value in grid[::15]])
    assert np.allclose(np.exp(found), weights @ np.exp(each[:, ::15]), rtol=1e-3)
    assert float(distribution.mean()[0, 0]) == pytest.approx(weights @ np.exp(each) @ grid, rel=1e-3)


def test_equal_components_are_one():
    parameters = {"loc": tf.constant([[0.3]]), "raw_scale": tf.constant([[-2.0]])}
    one = DiscretizedLogistic((1,)).distribution(parameters)
    several = {name: tf.repeat(value[..., None], 4, axis=-1) for name, value in parameters.items()}
    mixture = DiscretizedLogistic((1,), components=4).distribution(
        {**several, "logits": tf.constant([[[1.0, 2, 3, 4]]])}
    )
    assert np.allclose(one.log_prob([[0.2]]), mixture.log_prob([[0.2]]), atol=1e-5)


def test_extreme_parameters_keep_the_gradient_finite():
    head = DiscretizedLogistic((6,), components=2)
    loc = tf.reshape(tf.constant([-50.0, 0.0, 0.5, 1.0, 50.0, 0.5], tf.float32), (1, 6, 1)) * tf.ones((1, 6, 2))
    raw = tf.reshape(tf.constant([-80.0, -80.0, 50.0, -80.0, -80.0, -80.0]), (1, 6, 1)) * tf.ones((1, 6, 2))
    logits = tf.tile([[[0.0, 60.0]]], (1, 6, 1))
    for x in (0.0, 1.0, 0.2):
        with tf.GradientTape() as tape:
            tape.watch([loc, raw, logits])
            value = head.distribution({"loc": loc, "raw_scale": raw, "logits": logits}).log_prob(tf.fill((1, 6), x))
        assert np.isfinite(value).all()
        assert all(np.isfinite(gradient).all() for gradient in tape.gradient(value, [loc, raw, logits]))

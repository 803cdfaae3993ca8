import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp

from keras_vae.objectives.ms_ssim import MSSSIM, POWERS
from tests.objectives.traces import normal, trace_of_codes

tfd = tfp.distributions


def images(*shape, seed=0):
    rough = np.random.default_rng(seed).random(shape).astype("float32")
    return tf.nn.avg_pool2d(rough, 3, 1, "SAME").numpy()


def noisy(x, sigma=0.05):
    return np.clip(x + sigma * normal(*x.shape, seed=5), 0, 1)


def trace_of_images(x, means):
    """A trace whose likelihood has these means `(S, B, H, W, C)`."""
    trace = trace_of_codes(np.zeros((len(x), 2)))
    likelihood = tfd.Independent(tfd.Normal(tf.convert_to_tensor(means, tf.float32), 1.0), 3)
    return trace.replace(x=tf.convert_to_tensor(x), likelihood=likelihood)


@pytest.mark.parametrize(("side", "scales"), [(24, 1), (44, 3), (45, 3), (88, 4)])
def test_images_that_are_large_enough_are_tensorflows_oracle(side, scales):
    x = images(2, side, side + 3, 3)
    y = noisy(x)
    powers = np.array(POWERS[:scales]) / sum(POWERS[:scales])
    oracle = tf.image.ssim_multiscale(x, y, 1.0, power_factors=tuple(powers), filter_size=11)
    assert np.allclose(MSSSIM(scales).similarity(tf.constant(x), tf.constant(y)), oracle, atol=1e-4)


def test_as_many_scales_as_leave_room_for_a_window():
    x = images(2, 28, 28, 1)
    y = noisy(x)
    found = [MSSSIM(scales).similarity(tf.constant(x), tf.constant(y)).numpy() for scales in (1, 2, 5)]
    assert np.array_equal(found[1], found[2])
    assert not np.allclose(found[0], found[1], atol=1e-3)


def test_an_image_of_one_window_has_the_formula():
    x = images(1, 6, 5, 1)
    y = noisy(x)
    weights = np.exp(-0.5 * (np.arange(-2, 3) / (1.5 * 5 / 11)) ** 2)
    weights = np.outer(weights, weights) / weights.sum() ** 2
    similar = []
    for top in (0, 1):
        a, b = x[0, top : top + 5, :, 0], y[0, top : top + 5, :, 0]
        mean_a, mean_b = (weights * a).sum(), (weights * b).sum()
        var_a, var_b = (weights * (a - mean_a) ** 2).sum(), (weights * (b - mean_b) ** 2).sum()
        covariance = (weights * (a - mean_a) * (b - mean_b)).sum()
        luminance = (2 * mean_a * mean_b + 1e-4) / (mean_a**2 + mean_b**2 + 1e-4)
        similar.append(luminance * (2 * covariance + 9e-4) / (var_a + var_b + 9e-4))
    assert float(MSSSIM().similarity(tf.constant(x), tf.constant(y))[0]) == pytest.approx(np.mean(similar), rel=1e-4)


@pytest.mark.parametrize("shape", [(1, 1, 1), (2, 7, 3), (8, 8, 1), (28, 28, 1), (23, 31, 3)])
def test_the_term_is_zero_for_equal_images_and_larger_the_less_they_are_alike(shape):
    x = images(4, *shape)
    same, close, far = (MSSSIM()(trace_of_images(x, [y])) for y in (x, noisy(x, 0.02), noisy(x, 0.3)))
    assert same.shape == (4,)
    assert np.allclose(same, 0, atol=1e-5)
    assert np.mean(same) < np.mean(close) < np.mean(far) <= 1


def test_the_value_is_the_mean_over_the_draws():
    x = images(3, 16, 16, 1)
    first, second = noisy(x, 0.1), noisy(x, 0.4)
    both = MSSSIM()(trace_of_images(x, [first, second]))
    each = [MSSSIM()(trace_of_images(x, [y])) for y in (first, second)]
    assert np.allclose(both, np.mean(each, axis=0), rtol=1e-5)


def value_and_gradient(x, y):
    with tf.GradientTape() as tape:
        tape.watch(y)
        value = MSSSIM()(trace_of_images(x, y[tf.newaxis]))
    return value, tape.gradient(value, y)


@pytest.mark.parametrize("kind", ["negative", "black", "same"])
def test_the_gradient_is_finite_where_images_are_opposite_or_equal(kind):
    x = images(2, 14, 14, 1)
    y = {"negative": 1 - x, "black": 0 * x, "same": x}[kind]
    value, gradient = value_and_gradient(x, tf.constant(y))
    assert np.isfinite(value).all() and np.isfinite(gradient).all()


@pytest.mark.slow
def test_value_and_gradient_are_the_same_under_xla():
    x = images(2, 28, 28, 1)
    y = tf.constant(noisy(x, 0.2))
    value, gradient = value_and_gradient(x, y)
    xla_value, xla_gradient = tf.function(value_and_gradient, jit_compile=True)(tf.constant(x), y)
    assert np.allclose(value, xla_value, atol=1e-5)
    assert np.abs(gradient).max() > 1e-3
    assert np.allclose(gradient, xla_gradient, rtol=1e-2, atol=1e-4)


def test_the_gradient_leads_towards_the_image():
    x, y = images(2, 28, 28, 1), tf.Variable(noisy(images(2, 28, 28, 1), 0.2))

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            value = tf.reduce_mean(MSSSIM()(trace_of_images(x, y[tf.newaxis])))
        y.assign_sub(0.01 * tf.sign(tape.gradient(value, y)))
        return value

    values = [float(step()) for _ in range(40)]
    assert values[-1] < 0.2 * values[0]


def test_examples_that_are_no_images_are_refused(refused):
    with refused(r"MSSSIM: expected images of shape \(H, W, C\), got examples of shape \(1,\)"):
        MSSSIM()(trace_of_codes(np.zeros((2, 2))))


def test_bad_arguments_are_refused(refused):
    for scales in (0, -1, 2.5, 6):
        with refused("MSSSIM: scales must be"):
            MSSSIM(scales)
    for filter_size in (0, -3, 4, 7.0):
        with refused("MSSSIM: filter_size must be"):
            MSSSIM(filter_size=filter_size)

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp

from keras_vae.objectives.mmd import MMD
from tests.objectives.traces import normal, trace_of_codes

tfd = tfp.distributions


def mean_rbf(shift, variance, width):
    """E exp(-|u - v|^2 / width) of normal u and v; their difference has mean `shift` and this variance."""
    total = width + 2 * variance
    return (width / total) ** (len(shift) / 2) * np.exp(-(np.square(shift).sum()) / total)


def over_many_batches(term, loc, scale, batches=600, size=24):
    loc = tf.constant(loc, tf.float32)

    @tf.function
    def value(number):
        codes = loc + scale * tf.random.stateless_normal((size, len(loc)), tf.stack([number, 99]))
        return term(trace_of_codes(codes).replace(seed=tf.stack([number, 3])))[0]

    values = np.array([value(tf.constant(number)) for number in range(batches)])
    return values.mean(), values.std() / np.sqrt(batches)


@pytest.mark.slow
@pytest.mark.parametrize(("loc", "scale"), [([0.0, 0.0], 1.0), ([1.0, -0.5], 0.5)], ids=["equal laws", "other law"])
def test_the_mean_over_batches_is_the_closed_form_of_two_normals(loc, scale):
    bandwidths = (0.3, 1.0)
    mean, error = over_many_batches(MMD("rbf", bandwidths=bandwidths), loc, scale)
    expected = 0.0
    for width in (4.0 * b for b in bandwidths):
        expected += mean_rbf([0, 0], 2 * scale**2, width) + mean_rbf([0, 0], 2.0, width)
        expected -= 2 * mean_rbf(loc, 1 + scale**2, width)
    assert error < 0.01
    assert abs(mean - expected) < 4 * error
    assert (expected == 0) == (scale == 1.0) or expected == pytest.approx(0, abs=1e-12)


def test_inverse_multiquadrics_of_equal_laws_are_unbiased():
    mean, error = over_many_batches(MMD(), [0.0, 0.0, 0.0], 1.0)
    assert abs(mean) < 4 * error


@pytest.mark.parametrize("unbiased", [True, False])
@pytest.mark.parametrize("kernel", ["imq", "rbf"])
def test_the_statistic_is_that_of_the_pairs(kernel, unbiased):
    term = MMD(kernel, bandwidths=(0.2, 3.0), scale=1.5, unbiased=unbiased)
    codes = 2 * normal(6, 2) + 1
    trace = trace_of_codes(codes)
    draws = trace.latents[0].prior.sample(6, seed=term.seed(trace)).numpy()

    def mean(u, v, own):
        total = []
        for i in range(6):
            for j in range(6):
                squared = ((u[i] - v[j]) ** 2).sum()
                widths = np.array([0.2, 3.0]) * 2 * 2 * 1.5**2
                one = widths / (widths + squared) if kernel == "imq" else np.exp(-squared / widths)
                total += [] if own and unbiased and i == j else [one.sum()]
        return np.mean(total)

    expected = mean(codes, codes, True) + mean(draws, draws, True) - 2 * mean(codes, draws, False)
    assert np.allclose(term(trace), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kernel", ["imq", "rbf"])
def test_with_all_pairs_it_is_a_squared_distance(kernel):
    term = MMD(kernel, unbiased=False)
    trace = trace_of_codes(normal(8, 2))
    draws = trace.latents[0].prior.sample(8, seed=term.seed(trace))
    assert float(term(trace)[0]) > 0.01
    assert np.allclose(term(trace_of_codes(draws)), 0, atol=1e-5)


def test_only_the_first_draw_of_each_example_counts():
    trace = trace_of_codes(normal(8, 2))
    latent = trace.latents[0]
    more = latent._replace(sample=tf.concat([latent.sample, latent.sample + 9.0], axis=0))
    assert np.array_equal(MMD()(trace), MMD()(trace.replace(latents=(more,))))


def test_bad_arguments_are_refused(refused):
    with refused("Unknown kernel of MMD 'rfb': did you mean 'rbf'"):
        MMD("rfb")
    for bandwidths in ((), (1.0, 0.0), (-1.0,), 1.0, ("1",), (float("nan"),)):
        with refused("MMD: bandwidths"):
            MMD(bandwidths=bandwidths)
    for scale in (0.0, -1.0, float("inf"), True):
        with refused("MMD: scale must be"):
            MMD(scale=scale)

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp
from scipy import stats

from keras_vae.distributions.dirichlet import Dirichlet
from keras_vae.priors.dirichlet_prior import DirichletPrior

tfd = tfp.distributions


def posterior_of(concentration):
    head = Dirichlet((len(concentration),))
    raw = np.log(np.expm1(np.array(concentration) - head.min_concentration))
    return head.distribution({"raw_concentration": tf.constant([raw], tf.float32)})


def test_the_log_density_is_scipys():
    concentration, x = [0.3, 1.0, 4.5], np.random.default_rng(0).dirichlet([1, 1, 1], 20)
    expected = [stats.dirichlet(concentration).logpdf(row) for row in x]
    np.testing.assert_allclose(
        posterior_of(concentration).log_prob(x.astype("float32")), expected, rtol=1e-3, atol=1e-3
    )


@pytest.mark.slow
@pytest.mark.parametrize("jit_compile", [False, True], ids=["graph", "xla"])
def test_the_draws_follow_the_law(jit_compile):
    concentration = [0.3, 1.0, 4.5]
    q = posterior_of(concentration)
    z = tf.function(lambda: q.sample(20_000, seed=(1, 2)), jit_compile=jit_compile)().numpy()[:, 0]
    np.testing.assert_allclose(z.sum(-1), 1, atol=1e-5)
    for element, own in zip(z.T, concentration, strict=True):
        assert stats.kstest(element, stats.beta(own, sum(concentration) - own).cdf).pvalue > 1e-3
    np.testing.assert_allclose(z.mean(0), q.mean()[0], atol=0.01)
    np.testing.assert_allclose(z.std(0), q.stddev()[0], atol=0.01)


@pytest.mark.slow
def test_the_gradient_through_the_draws_is_that_of_the_second_moment():
    head, raw = Dirichlet((3,)), tf.constant([[0.2, 1.0, -0.5]])

    @tf.function
    def gradients():
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(raw)
            q = head.distribution({"raw_concentration": raw})
            drawn = tf.reduce_mean(q.sample(100_000, seed=(1, 2))[..., 0] ** 2)
            a = q.concentration[0]
            exact = a[0] * (a[0] + 1) / (tf.reduce_sum(a) * (tf.reduce_sum(a) + 1))
        return tape.gradient(drawn, raw), tape.gradient(exact, raw)

    drawn, exact = gradients()
    np.testing.assert_allclose(drawn, exact, atol=4e-3)


@pytest.mark.parametrize("concentration", [1.0, 0.4])
def test_the_kl_with_the_prior_tends_to_its_monte_carlo_estimate(concentration):
    q, p = posterior_of([0.5, 2.0, 3.0]), DirichletPrior((3,), concentration=concentration).distribution()
    z = q.sample(100_000, seed=(1, 2))
    estimate = tf.reduce_mean(q.log_prob(z) - p.log_prob(z), 0)
    np.testing.assert_allclose(tfd.kl_divergence(q, p), estimate, rtol=0.02)


def test_the_kl_of_posterior_and_prior_alike_is_zero():
    prior = DirichletPrior((3,), concentration=0.7).distribution()
    np.testing.assert_allclose(tfd.kl_divergence(posterior_of([0.7] * 3), prior), 0, atol=1e-5)


def test_draws_at_the_corners_have_finite_densities_and_gradients():
    head, raw = Dirichlet((5,)), tf.fill((200, 5), -30.0)  # a concentration of 0.01

    @tf.function
    def density():
        with tf.GradientTape() as tape:
            tape.watch(raw)
            q = head.distribution({"raw_concentration": raw})
            z = q.sample(20, seed=(1, 2))
            value = q.log_prob(z)
        return z, value, tape.gradient(value, raw)

    z, value, gradient = density()
    assert np.min(z) > 0 and np.isfinite(value).all() and np.isfinite(gradient).all()
    np.testing.assert_allclose(np.sum(z, -1), 1, atol=1e-5)


def test_bad_arguments_and_data_are_refused(refused):
    for shape in ((1,), (2, 3)):
        with refused(r"Dirichlet: expected an event_shape \(D,\) with D >= 2"):
            Dirichlet(shape)
    for least in (0, 1e-3):
        with refused("min_concentration must be"):
            Dirichlet((3,), min_concentration=least)
    head = Dirichlet((2,))
    for x in ([[0.5, 0.5], [0.6, 0.7]], [[0.5, 0.5], [0.0, 1.0]]):
        with refused(r"strictly between 0 and 1 that sum to 1 over the last axis, got \[.*\] at index 1; smooth and"):
            head.check_events(np.array(x))
    head.check_range(0.1, 0.9)
    head.check_events(np.array([[0.1, 0.9]], "float32"))

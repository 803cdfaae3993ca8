import numpy as np
import pytest
import tensorflow as tf
from scipy import integrate

from keras_vae.distributions.continuous_bernoulli import ContinuousBernoulli

LOGITS = [-200.0, -30.0, -3.0, -0.1, -1e-3, -1e-6, 0.0, 1e-6, 1e-3, 0.1, 0.5, 3.0, 30.0, 200.0]


def log_density(x, logit):
    """log p(x), by numerical integration of the unnormalised density."""
    total, _ = integrate.quad(lambda t: np.exp(logit * (t - (logit > 0))), 0, 1, points=[0.01, 0.99])
    return logit * (x - (logit > 0)) - np.log(total)


def of(logits):
    return ContinuousBernoulli((1,)).distribution({"logits": tf.reshape(tf.cast(logits, tf.float32), (-1, 1))})


@pytest.mark.parametrize("x", [0.0, 0.3, 1.0])
def test_the_log_density_is_that_of_numerical_integration(x):
    expected = [log_density(x, logit) for logit in LOGITS]
    assert np.allclose(of(LOGITS).log_prob([[x]]), expected, rtol=1e-5, atol=2e-6)


def test_the_mean_is_that_of_numerical_integration():
    expected = [integrate.quad(lambda x, a=a: x * np.exp(log_density(x, a)), 0, 1, limit=200)[0] for a in LOGITS]
    assert np.allclose(of(LOGITS).mean()[:, 0], expected, rtol=1e-4)


def test_gradients_and_the_mean_stay_finite_at_any_logit():
    logits = tf.constant([[-1e4, -30.0, -1e-4, 0.0, 1e-4, 30.0, 1e4]])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(logits)
        distribution = ContinuousBernoulli((7,)).distribution({"logits": logits})
        mean, log_prob = distribution.mean(), distribution.log_prob(tf.fill((1, 7), 0.3))
    slope = tape.gradient(log_prob, logits)
    assert np.isfinite(mean).all() and np.isfinite(log_prob).all() and np.isfinite(tape.gradient(mean, logits)).all()
    assert np.allclose(slope, 0.3 - mean, atol=1e-4)  # the score of an exponential family: x - E[x]


def test_opposite_logits_mirror_the_density():
    x = np.linspace(0, 1, 5)[:, None].astype("float32")
    assert np.allclose(of([2.5]).log_prob(x), of([-2.5]).log_prob(1 - x), atol=1e-5)


@pytest.mark.parametrize("mean", [0.001, 0.02, 0.3, 0.4999, 0.5, 0.7, 0.999])
def test_logits_of_a_mean_give_that_mean(mean):
    logits = ContinuousBernoulli((1,)).parameters_of_mean(np.array([mean]))["logits"]
    assert float(of(logits).mean()[0, 0]) == pytest.approx(mean, rel=1e-3)

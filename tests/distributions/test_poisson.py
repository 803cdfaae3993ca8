import numpy as np
import pytest
import tensorflow as tf
from scipy import special, stats

from keras_vae.distributions.poisson import Poisson


def of(rate):
    return Poisson((1,)).distribution({"log_rate": tf.math.log(tf.constant([[rate]], tf.float32))})


@pytest.mark.parametrize("rate", [1e-3, 0.5, 12.0, 3000.0])
@pytest.mark.parametrize("x", [0.0, 1.0, 17.0, 2900.0])
def test_the_log_probability_is_scipys(rate, x):
    expected = stats.poisson(rate).logpmf(x)
    assert float(of(rate).log_prob([[x]])[0]) == pytest.approx(expected, rel=1e-4, abs=1e-3)


def test_probabilities_sum_to_one():
    values = np.arange(60, dtype="float32")[:, None]
    assert np.exp(of(8.0).log_prob(values)).sum() == pytest.approx(1, abs=1e-4)


def test_between_whole_numbers_the_factorial_is_the_gamma_function():
    expected = 2.5 * np.log(3.0) - 3.0 - special.gammaln(3.5)
    assert float(of(3.0).log_prob([[2.5]])[0]) == pytest.approx(expected, rel=1e-5)


def test_a_column_that_is_always_zero_starts_at_a_small_rate():
    assert np.allclose(np.exp(Poisson((2,)).parameters_of_mean(np.array([0.0, 4.0]))["log_rate"]), [1e-3, 4.0])

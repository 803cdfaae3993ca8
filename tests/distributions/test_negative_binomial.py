import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from keras_vae.distributions.negative_binomial import NegativeBinomial
from keras_vae.distributions.poisson import Poisson


def of(mean, total_count):
    raw = total_count if total_count > 30 else np.log(np.expm1(total_count))
    parameters = {"log_mean": np.log(mean), "raw_total_count": raw}
    head = NegativeBinomial((1,), min_total_count=1e-30)
    return head.distribution({name: tf.constant([[value]], tf.float32) for name, value in parameters.items()})


@pytest.mark.parametrize("total_count", [0.01, 1.0, 10.0, 1e3, 1e5])
@pytest.mark.parametrize("mean", [0.1, 5.0, 800.0])
@pytest.mark.parametrize("x", [0.0, 1.0, 7.0, 1000.0])
def test_the_log_probability_is_scipys(mean, total_count, x):
    expected = stats.nbinom(total_count, total_count / (total_count + mean)).logpmf(x)
    assert float(of(mean, total_count).log_prob([[x]])[0]) == pytest.approx(expected, rel=5e-4, abs=1e-3)


def test_probabilities_sum_to_one():
    values = np.arange(2000, dtype="float32")[:, None]
    assert np.exp(of(8.0, 0.7).log_prob(values)).sum() == pytest.approx(1, abs=1e-4)


def test_a_large_total_count_is_poissons_limit():
    x = np.arange(20, dtype="float32")[:, None]
    poisson = Poisson((1,)).distribution({"log_rate": tf.math.log([[5.0]])})
    assert np.allclose(of(5.0, 1e6).log_prob(x), poisson.log_prob(x), atol=1e-3)


@pytest.mark.parametrize("total_count", [0.5, 4.0])
def test_samples_have_the_mean_and_the_variance(total_count):
    samples = of(6.0, total_count).sample(60_000, seed=(1, 2)).numpy()
    assert samples.mean() == pytest.approx(6.0, rel=0.03)
    assert samples.var() == pytest.approx(6.0 + 36.0 / total_count, rel=0.06)
    assert (samples == 0).mean() == pytest.approx((total_count / (total_count + 6)) ** total_count, abs=0.01)


def test_a_shared_dispersion_is_one_weight_per_element():
    head = NegativeBinomial((2, 3), dispersion="shared")
    assert set(head(tf.ones((1, 4)))) == {"log_mean"}
    assert head.raw_total_count.shape == (2, 3) and head.raw_total_count.trainable

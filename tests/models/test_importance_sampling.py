import numpy as np
import pytest
from linear_model import linear_example

from keras_vae.models.importance_sampling import ImportanceSampling


@pytest.fixture(scope="module")
def linear():
    return linear_example()


def test_equal_weights_are_as_many_effective_draws_without_error():
    found = ImportanceSampling.of_sums(np.log([8.0]), np.log([8.0]), 8)
    assert found.log_likelihood[0] == pytest.approx(0)
    assert found.effective_sample_size[0] == pytest.approx(8)
    assert found.standard_error[0] == pytest.approx(0, abs=1e-6)


def test_one_weight_that_decides_is_one_effective_draw():
    weights = np.array([1.0, 1e-9, 1e-9, 1e-9])
    found = ImportanceSampling.of_sums(np.log([weights.sum()]), np.log([(weights**2).sum()]), 4)
    assert found.effective_sample_size[0] == pytest.approx(1)
    assert found.standard_error[0] == pytest.approx(np.sqrt(3 / 4))


def test_the_standard_error_is_the_spread_over_seeds(linear):
    model, x, _ = linear
    runs = [model.importance_sampling(x, samples=200, seed=seed) for seed in range(40)]
    spread = np.std([run.log_likelihood for run in runs], axis=0)
    stated = np.mean([run.standard_error for run in runs], axis=0)
    assert np.median(np.abs(np.log(spread / stated))) < 0.3


def test_the_effective_sample_size_does_not_depend_on_chunks(linear):
    model, x, _ = linear
    one = model.importance_sampling(x, samples=100, batch_size=4000).effective_sample_size
    assert ((one >= 1) & (one <= 100)).all()
    small = model.importance_sampling(x[:1], samples=100, batch_size=7)
    assert 1 <= small.effective_sample_size[0] <= 100

import numpy as np
import pytest
import tensorflow as tf
from scipy import special, stats

from keras_vae.priors.uniform_sphere_prior import UniformSpherePrior


@pytest.mark.parametrize("size", [2, 3, 10])
def test_the_density_is_one_over_the_area(size):
    area = 2 * np.pi ** (size / 2) / special.gamma(size / 2)
    found = UniformSpherePrior((size,)).distribution().log_prob(np.eye(size, dtype="float32"))
    np.testing.assert_allclose(found, -np.log(area), rtol=1e-5)


@pytest.mark.parametrize("jit_compile", [False, True], ids=["graph", "xla"])
@pytest.mark.parametrize("size", [2, 3, 10])
def test_the_draws_are_uniform(size, jit_compile):
    prior = UniformSpherePrior((size,))
    z = tf.function(lambda: prior.distribution().sample(20_000, seed=(1, 2)), jit_compile=jit_compile)().numpy()
    np.testing.assert_allclose(np.linalg.norm(z, axis=-1), 1, atol=1e-5)
    half = (size - 1) / 2
    for element in z.T[:2]:
        assert stats.kstest((1 + element) / 2, stats.beta(half, half).cdf).pvalue > 1e-3


def test_densities_of_batches_of_unknown_size():
    prior = UniformSpherePrior(3)
    density = tf.function(prior.distribution().log_prob, input_signature=[tf.TensorSpec((None, None, 3))])
    np.testing.assert_allclose(density(np.ones((2, 5, 3)) / np.sqrt(3)), np.full((2, 5), -np.log(4 * np.pi)), rtol=1e-5)


def test_its_support_and_its_limits(refused):
    prior = UniformSpherePrior((3,))
    assert prior.support == "sphere"
    for shape in ((1,), (3, 2)):
        with refused(r"UniformSpherePrior: expected an event_shape \(D,\) with D >= 2"):
            UniformSpherePrior(shape)

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp

from keras_vae.distributions.relaxed_categorical import RelaxedCategorical
from keras_vae.priors.relaxed_categorical_prior import RelaxedCategoricalPrior

tfd = tfp.distributions


def test_the_log_density_is_the_sum_of_tfps():
    z = np.random.default_rng(0).dirichlet([1] * 4, (10, 3)).astype("float32")
    expected = tf.reduce_sum(tfd.RelaxedOneHotCategorical(0.7, tf.zeros(4)).log_prob(z), -1)
    found = RelaxedCategoricalPrior((3, 4), temperature=0.7).distribution().log_prob(z)
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_at_temperature_one_two_choices_have_a_uniform_share():
    density = RelaxedCategoricalPrior((2,), temperature=1.0).distribution().prob([[0.1, 0.9], [0.5, 0.5]])
    np.testing.assert_allclose(density, 1, rtol=1e-5)


@pytest.mark.parametrize("jit_compile", [False, True], ids=["graph", "xla"])
def test_the_monte_carlo_kl_of_a_posterior_alike_is_zero(jit_compile):
    prior, head = RelaxedCategoricalPrior((3, 4)), RelaxedCategorical((3, 4), temperature=0.5)

    @tf.function(jit_compile=jit_compile)
    def kl():
        q, p = head.distribution({"logits": tf.ones((2, 3, 4))}), prior.distribution()
        z = q.sample(50, seed=(1, 2))
        return q.log_prob(z) - p.log_prob(z)

    np.testing.assert_allclose(kl(), 0, atol=1e-3)


@pytest.mark.parametrize("jit_compile", [False, True], ids=["graph", "xla"])
def test_cold_codes_and_corners_have_finite_densities(jit_compile):
    prior = RelaxedCategoricalPrior((4,), temperature=0.1)

    @tf.function(jit_compile=jit_compile)
    def densities():
        z = tf.concat([prior.distribution().sample(500, seed=(1, 2)), tf.eye(4)], 0)
        with tf.GradientTape() as tape:
            tape.watch(z)
            value = prior.distribution().log_prob(z)
        return value, tape.gradient(value, z)

    assert all(np.isfinite(tensor).all() for tensor in densities())


def test_its_support_and_its_limits(refused):
    prior = RelaxedCategoricalPrior((3, 4), temperature=0.3)
    assert prior.support == "simplex"
    for temperature in (0, -0.5, "cold"):
        with refused("temperature must be a positive number"):
            RelaxedCategoricalPrior((3,), temperature=temperature)
    with refused("K >= 2 classes"):
        RelaxedCategoricalPrior((3, 1))

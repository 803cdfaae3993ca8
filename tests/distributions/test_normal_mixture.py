import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp

from keras_vae.distributions.normal_mixture import NormalMixture, mixture

tfd = tfp.distributions


def components(event_shape, number=7, dtype="float32"):
    random = np.random.default_rng(0)
    loc = random.normal(size=(number, *event_shape)).astype("float32")
    scale = np.exp(random.uniform(np.log(1e-3), 0.5, loc.shape)).astype("float32")
    return tfd.Independent(tfd.Normal(loc.astype(dtype), scale.astype(dtype)), len(event_shape))


@pytest.mark.parametrize("event_shape", [(3,), (2, 3)])
@pytest.mark.parametrize("batch_shape", [(), (4,), (5, 4)])
def test_densities_and_gradients_are_those_of_the_base_class(event_shape, batch_shape):
    logits = np.random.default_rng(1).normal(size=7).astype("float32")
    ours = mixture(tf.constant(logits), components(event_shape))
    # In float64, as some scales are a thousandth: float32 would lose most digits of these densities.
    base = tfd.MixtureSameFamily(
        tfd.Categorical(logits=logits.astype("float64")), components(event_shape, dtype="float64")
    )
    assert type(ours) is NormalMixture
    z = tf.cast(base.sample(batch_shape, seed=(1, 2)), tf.float32)
    density, gradient = tfp.math.value_and_gradient(ours.log_prob, z)
    expected, its_gradient = tfp.math.value_and_gradient(base.log_prob, tf.cast(z, tf.float64))
    assert density.dtype == gradient.dtype == tf.float32
    np.testing.assert_allclose(density, expected, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(gradient, its_gradient, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(tf.function(ours.log_prob, jit_compile=True)(z), density, rtol=1e-6, atol=1e-6)
    of_each = (one.posterior_marginal(tf.cast(z, one.dtype)).probs_parameter() for one in (ours, base))
    np.testing.assert_allclose(*of_each, atol=1e-6)


def test_draws_have_the_moments_and_seeds_of_the_mixture():
    ours = mixture(tf.math.log([0.2, 0.5, 0.3]), components((2, 2), 3))
    draws = ours.sample(200_000, seed=(1, 2)).numpy()
    np.testing.assert_allclose(draws.mean(0), ours.mean(), atol=0.015)
    np.testing.assert_allclose(draws.var(0), ours.variance(), rtol=0.03)
    assert np.array_equal(draws[:5], ours.sample(200_000, seed=(1, 2))[:5])
    assert ours.sample(seed=(1, 2)).shape == (2, 2) and ours.sample((3, 4), seed=(1, 2)).shape == (3, 4, 2, 2)
    assert ours.sample(0, seed=(1, 2)).shape == (0, 2, 2)


def test_a_shared_scale_is_broadcast():
    loc = tf.reshape(tf.range(6.0), (3, 2))
    ours = mixture(tf.zeros(3), tfd.Independent(tfd.Normal(loc, 0.5), 1))
    base = tfd.MixtureSameFamily(tfd.Categorical(logits=tf.zeros(3)), tfd.Independent(tfd.Normal(loc, 0.5), 1))
    np.testing.assert_allclose(ours.log_prob(loc), base.log_prob(loc), rtol=1e-5)
    assert ours.sample(5, seed=(1, 2)).shape == (5, 2)


@pytest.mark.parametrize(
    "others",
    [
        tfd.Independent(tfd.Laplace(tf.zeros((3, 2)), tf.ones((3, 2))), 1),
        tfd.MultivariateNormalTriL(tf.zeros((3, 2)), tf.eye(2, batch_shape=[3])),
        tfd.Independent(tfd.Normal(tf.zeros((4, 3, 2)), 1.0), 1),
        tfd.Normal(tf.zeros(3), 1.0),
    ],
    ids=["laplace", "full covariance", "a batch of mixtures", "scalars"],
)
def test_other_components_keep_the_base_class(others):
    assert type(mixture(tf.zeros(3), others)) is tfd.MixtureSameFamily

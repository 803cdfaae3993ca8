import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp

import keras_vae as kv
from keras_vae.distributions.dirichlet import Dirichlet
from keras_vae.distributions.full_covariance_normal import FullCovarianceNormal
from keras_vae.distributions.power_spherical import PowerSpherical
from keras_vae.distributions.relaxed_categorical import RelaxedCategorical
from keras_vae.objectives.stopped import stopped, with_stopped_posteriors
from tests.objectives.linear_gaussian import trace_of

tfd, tfb = tfp.distributions, tfp.bijectors


def head(kind, *parameters):
    made = kind((3,))
    return made.distribution(dict(zip(made.parameters, parameters, strict=True)))


FAMILIES = {
    "normal": lambda p: tfd.Independent(tfd.Normal(p, tf.exp(p)), 1),
    "full covariance": lambda p: tfd.MultivariateNormalTriL(p, tf.linalg.diag(tf.exp(p)) + 0.1),
    "linear operator": lambda p: tfd.MultivariateNormalLinearOperator(p, tf.linalg.LinearOperatorDiag(tf.exp(p))),
    "log-normal": lambda p: tfd.Independent(tfd.LogNormal(p, tf.exp(p)), 1),
    "kumaraswamy": lambda p: tfd.Independent(tfd.Kumaraswamy(tf.exp(p), tf.exp(p)), 1),
    "dirichlet": lambda p: tfd.Dirichlet(tf.exp(p)),
    "power spherical": lambda p: tfd.PowerSpherical(tf.math.l2_normalize(p, -1), tf.exp(p[..., 0])),
    "relaxed": lambda p: tfd.RelaxedOneHotCategorical(0.5, logits=p),
    "mixture of one family": lambda p: tfd.MixtureSameFamily(
        tfd.Categorical(logits=p), tfd.Independent(tfd.Normal(p[..., None] + p[..., None, :], 1.0), 1)
    ),
    "mixture": lambda p: tfd.Mixture(
        tfd.Categorical(logits=p[..., :2]), [tfd.MultivariateNormalDiag(p), tfd.MultivariateNormalDiag(-p)]
    ),
    "power spherical head": lambda p: head(PowerSpherical, p, p[..., 0]),
    "dirichlet head": lambda p: head(Dirichlet, p),
    "relaxed categorical head": lambda p: head(RelaxedCategorical, p),
    "full covariance head": lambda p: head(FullCovarianceNormal, p, tf.concat([p, -p], axis=-1)),
    "sliced": lambda p: tfd.Independent(tfd.Normal(p, tf.exp(p)), 1)[0:1],
    "weights": lambda p: tfd.Independent(tfd.Normal(p, tf.Variable(tf.ones(3))), 1),
}


@pytest.mark.parametrize("family", FAMILIES)
def test_it_has_the_same_density_and_no_gradient_to_the_parameters(family):
    parameters = tf.Variable([[0.3, -0.2, 0.5], [0.1, 0.7, -0.4]])
    z = tf.constant(FAMILIES[family](parameters).sample(seed=(1, 2)).numpy())
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(z)
        plain = FAMILIES[family](parameters)
        expected, found = plain.log_prob(z), stopped(plain).log_prob(z)
    assert np.allclose(expected, found, rtol=1e-6)
    assert np.abs(tf.convert_to_tensor(tape.gradient(expected, parameters))).max() > 1e-3
    assert tape.gradient(found, parameters) is None or np.abs(tape.gradient(found, parameters)).max() == 0
    assert np.allclose(tape.gradient(expected, z), tape.gradient(found, z), rtol=1e-5)


@pytest.mark.parametrize("family", ["full covariance", "full covariance head", "log-normal", "relaxed"])
def test_the_gradient_through_a_draw_is_that_through_the_draw_alone(family):
    """Bijectors remember the draws they made; the gradient must not take that way back to the parameters."""
    parameters = tf.Variable([[0.3, -0.2, 0.5]])
    with tf.GradientTape(persistent=True) as tape:
        plain = FAMILIES[family](parameters)
        z = plain.sample(seed=(1, 2))
        apart = tf.stop_gradient(z)
        tape.watch(apart)
        found, elsewhere = stopped(plain).log_prob(z), stopped(plain).log_prob(tf.identity(apart))
    expected = tape.gradient(z, parameters, output_gradients=tape.gradient(elsewhere, apart))
    assert np.allclose(tape.gradient(found, parameters), expected, rtol=1e-4, atol=1e-5)


def test_a_bijector_is_refused(refused):
    flow = tfd.TransformedDistribution(tfd.Normal(0.0, 1.0), tfb.Shift(tf.Variable(1.0)))
    with refused("bijector"):
        stopped(tfd.Independent(flow, 0))


def test_a_function_is_refused(refused):
    with refused("cannot be held constant"):
        stopped(tfd.JointDistributionSequential([tfd.Normal(0.0, 1.0), lambda z: tfd.Normal(z, 1.0)]))


def test_draws_without_reparameterisation_are_refused(refused):
    trace = trace_of(samples=2)
    posterior = tfd.Independent(tfd.Poisson([[1.0, 1.0]]), 1)
    with refused("reparameterised draws"):
        with_stopped_posteriors(trace.replace(latents=(kv.Latent(posterior, posterior, posterior.sample(2)),)))

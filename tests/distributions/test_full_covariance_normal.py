import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp
from scipy import stats

from keras_vae.distributions.full_covariance_normal import FullCovarianceNormal
from keras_vae.priors import StandardNormalPrior

tfd = tfp.distributions


def posterior_of(*batch, size=4):
    head = FullCovarianceNormal((size,))
    normal = np.random.default_rng(0).normal
    shapes = head.parameter_shapes.items()
    return head.distribution({name: tf.constant(normal(size=(*batch, *shape)), tf.float32) for name, shape in shapes})


def test_the_log_density_is_scipys():
    q = posterior_of(3)
    x = np.random.default_rng(1).normal(size=(3, 4))
    pairs = zip(x, q.loc.numpy().astype("float64"), q.covariance().numpy().astype("float64"), strict=True)
    expected = [stats.multivariate_normal(loc, covariance).logpdf(row) for row, loc, covariance in pairs]
    np.testing.assert_allclose(q.log_prob(x.astype("float32")), expected, rtol=1e-3)


def test_every_parameter_has_its_place_in_the_covariance():
    head = FullCovarianceNormal((3,))
    raw = np.random.default_rng(0).normal(size=6)
    ends = raw + 0.01 * np.concatenate([np.eye(6), -np.eye(6)])
    q = head.distribution({"loc": tf.zeros((12, 3)), "raw_tril": tf.constant(ends, tf.float32)})
    covariance = q.covariance().numpy().reshape(2, 6, 9)
    assert np.linalg.matrix_rank((covariance[0] - covariance[1]) / 0.02, tol=1e-2) == 6


@pytest.mark.parametrize("jit_compile", [False, True], ids=["graph", "xla"])
def test_the_draws_have_the_mean_and_the_covariance(jit_compile):
    q = posterior_of(1)
    z = tf.function(lambda: q.sample(100_000, seed=(1, 2)), jit_compile=jit_compile)().numpy()[:, 0]
    np.testing.assert_allclose(z.mean(0), q.mean()[0], atol=0.03)
    np.testing.assert_allclose(np.cov(z.T), q.covariance()[0], atol=0.1)


@pytest.mark.parametrize("jit_compile", [False, True], ids=["graph", "xla"])
def test_the_kl_with_independent_normals_is_that_of_tfp_with_a_diagonal_normal(jit_compile):
    q = posterior_of(2, 3)
    loc, scale = tf.constant([0.5, -1.0, 0.0, 2.0]), tf.constant([0.3, 1.0, 2.0, 1.5])
    p = tfd.Independent(tfd.Normal(loc, scale), 1)
    kl = tf.function(lambda: tfd.kl_divergence(q, p), jit_compile=jit_compile)()
    np.testing.assert_allclose(kl, tfd.kl_divergence(q, tfd.MultivariateNormalDiag(loc, scale)), rtol=1e-4)
    assert kl.shape == (2, 3)


def test_the_kl_takes_a_scale_and_batches_that_broadcast():
    q = posterior_of(3)
    p = tfd.Independent(tfd.Normal(tf.zeros((3, 4)), 2.0), 1)
    np.testing.assert_allclose(
        tfd.kl_divergence(q, p),
        tfd.kl_divergence(q, tfd.MultivariateNormalDiag(tf.zeros(4), 2 * tf.ones(4))),
        rtol=1e-4,
    )


def test_the_kl_with_the_standard_normal_tends_to_its_monte_carlo_estimate():
    q, p = posterior_of(2), StandardNormalPrior((4,)).distribution()
    z = q.sample(100_000, seed=(1, 2))
    estimate = tf.reduce_mean(q.log_prob(z) - p.log_prob(z), 0)
    np.testing.assert_allclose(tfd.kl_divergence(q, p), estimate, rtol=0.02)


def test_the_kl_with_the_standard_normal_is_zero_at_it():
    head = FullCovarianceNormal((3,))
    raw = tfp.math.fill_triangular_inverse(tf.eye(3) * np.log(np.expm1(1 - head.min_scale)))
    q = head.distribution({"loc": tf.zeros((1, 3)), "raw_tril": raw[tf.newaxis]})
    np.testing.assert_allclose(tfd.kl_divergence(q, StandardNormalPrior((3,)).distribution()), 0, atol=1e-5)


@pytest.mark.parametrize(
    "p",
    [
        tfd.Independent(tfd.Laplace(tf.zeros(4), 1.0), 1),
        tfd.Independent(tfd.MultivariateNormalDiag(tf.zeros((1, 4))), 1),
        tfd.Independent(tfd.Normal(tf.zeros((2, 4)), 1.0), 2),
    ],
    ids=["laplace", "vectors", "matrix"],
)
def test_no_kl_is_made_up_for_other_priors(p):
    with pytest.raises(NotImplementedError, match="No closed-form KL"):
        tfd.kl_divergence(posterior_of(3), p)


def test_bad_arguments_are_refused(refused):
    with refused(r"FullCovarianceNormal: expected an event_shape \(D,\)"):
        FullCovarianceNormal((2, 3))
    with refused("min_scale must be a positive number"):
        FullCovarianceNormal((2,), min_scale=0.0)

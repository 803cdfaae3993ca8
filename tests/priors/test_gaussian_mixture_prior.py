import keras
import numpy as np
import pytest
import tensorflow as tf
from sklearn import mixture

import keras_vae as kv
from keras_vae.priors.gaussian_mixture_prior import GaussianMixturePrior

RANDOM = np.random.default_rng(0)
CODES = np.concatenate(
    [RANDOM.normal(size=(200, 3)) @ RANDOM.normal(size=(3, 3)) + RANDOM.normal(0, 4, 3) for _ in range(2)]
).astype("float32")


@pytest.mark.slow
@pytest.mark.parametrize("components", [1, 4])
def test_the_log_density_is_scikit_learns(components):
    prior = GaussianMixturePrior.fit(CODES, components=components, seed=3)
    expected = mixture.GaussianMixture(components, random_state=3).fit(CODES.astype("float64")).score_samples(CODES)
    np.testing.assert_allclose(prior.distribution().log_prob(CODES), expected, rtol=1e-3, atol=1e-3)
    compiled = tf.function(lambda z: prior.distribution().log_prob(z), jit_compile=True)
    np.testing.assert_allclose(compiled(CODES), expected, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("jit_compile", [False, True], ids=["graph", "xla"])
def test_the_draws_have_the_moments_of_the_codes(jit_compile):
    prior = GaussianMixturePrior.fit(CODES, components=2)
    z = tf.function(lambda: prior.distribution().sample(100_000, seed=(1, 2)), jit_compile=jit_compile)().numpy()
    np.testing.assert_allclose(z.mean(0), CODES.mean(0), atol=0.05)
    np.testing.assert_allclose(np.cov(z.T), np.cov(CODES.T, ddof=0), rtol=0.05, atol=0.05)
    np.testing.assert_allclose(prior.distribution().mean(), CODES.mean(0), atol=1e-3)


def test_one_component_is_the_normal_of_the_moments():
    prior = GaussianMixturePrior.fit(CODES, components=1)
    covariance = prior.scale_tril.numpy()[0] @ prior.scale_tril.numpy()[0].T
    np.testing.assert_allclose(covariance, np.cov(CODES.T, ddof=0), rtol=1e-3, atol=1e-3)


def test_codes_of_more_axes_are_flattened_for_the_covariances():
    codes = np.random.default_rng(0).normal(size=(60, 3, 2))
    whole, flat = (GaussianMixturePrior.fit(x, components=2) for x in (codes, codes.reshape(60, 6)))
    assert whole.event_shape == (3, 2)
    distribution = whole.distribution()
    z = distribution.sample(4, seed=(1, 2))
    assert z.shape == (4, 3, 2) and distribution.mean().shape == (3, 2)
    np.testing.assert_allclose(distribution.log_prob(z), flat.distribution().log_prob(tf.reshape(z, (4, 6))), rtol=1e-4)


def test_the_constructor_alone_gives_the_standard_normal():
    z = np.random.default_rng(0).normal(size=(5, 3)).astype("float32")
    expected = kv.StandardNormalPrior((3,)).distribution().log_prob(z)
    np.testing.assert_allclose(GaussianMixturePrior((3,)).distribution().log_prob(z), expected, rtol=1e-5)


def test_the_same_seed_gives_the_same_fit():
    one, again = (GaussianMixturePrior.fit(CODES, components=4, seed=7) for _ in range(2))
    assert all(np.array_equal(a, b) for a, b in zip(one.weights, again.weights, strict=True))


@pytest.mark.slow
def test_it_is_saved_with_its_model_and_not_trained(tmp_path):
    prior = GaussianMixturePrior.fit(CODES, components=2)
    assert len(prior.non_trainable_weights) == 3 and not prior.trainable_weights
    model = kv.Autoencoder(
        kv.MLPEncoder((5,), (4,)), kv.MLPDecoder((3,), (4,)), prior=prior, objective=kv.NLL(), seed=0
    )
    model.save(tmp_path / "model.keras")
    copy = keras.saving.load_model(tmp_path / "model.keras").prior
    assert copy.get_config() == prior.get_config()
    assert np.array_equal(copy.distribution().log_prob(CODES), prior.distribution().log_prob(CODES))


@pytest.mark.parametrize(
    ("codes", "options", "match"),
    [
        (CODES[:3], {"components": 4}, "at least 4 codes for 4 components, got 3"),
        (CODES[:1], {"components": 1}, "two or more codes"),
        (CODES[:, 0], {}, "two or more codes of shape"),
        (np.where(CODES > 3, np.nan, CODES), {}, "finite numbers"),
        (CODES, {"components": 0}, "components must be an integer"),
        (CODES, {"seed": -1}, "seed must be an integer"),
    ],
)
def test_bad_codes_and_numbers_are_refused(refused, codes, options, match):
    with refused(match):
        GaussianMixturePrior.fit(codes, **options)


def test_covariances_larger_than_memory_are_refused_before_the_work(refused):
    with refused(r"at most 268,435,456 numbers, got 3 of 20000x20000; use fewer components, or a flow"):
        GaussianMixturePrior.fit(np.zeros((4, 100, 200), "float32"), components=3)
    with refused("got 10 of 20000x20000"):
        GaussianMixturePrior((20_000,))


def test_the_number_of_normals_is_the_best_for_codes_that_are_held_out():
    corners = 10 * np.array([[1, 1], [1, -1], [-1, 1], [-1, -1]])
    codes = np.concatenate([RANDOM.normal(corner, size=(100, 2)) for corner in corners])
    assert GaussianMixturePrior.fit(codes, components=None).components == 4
    assert GaussianMixturePrior.fit(RANDOM.normal(size=(60, 5)), components=None).components == 1
    assert GaussianMixturePrior.fit(codes[:2], components=None).components == 1

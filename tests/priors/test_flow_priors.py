import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from keras_vae.priors.maf_prior import MAFPrior
from keras_vae.priors.real_nvp_prior import RealNVPPrior

PRIORS = {
    "maf": lambda shape: MAFPrior(shape, flows=2, units=(16,), activation="tanh"),
    "real_nvp": lambda shape: RealNVPPrior(shape, flows=2, units=(16,), activation="tanh"),
}


def normal(*shape, seed=0):
    return tf.random.stateless_normal(shape, (0, seed))


def make_prior(name, shape):
    """A prior away from its start."""
    prior = PRIORS[name](shape)
    rng = np.random.default_rng(1)
    for weight in prior.trainable_weights:
        weight.assign(weight + 0.3 * rng.normal(size=weight.shape))
    prior.loc.assign(rng.normal(size=shape))
    prior.scale.assign(np.exp(rng.normal(size=shape)))
    return prior


def two_moons(n, seed):
    rng = np.random.default_rng(seed)
    angle, upper = rng.uniform(0, np.pi, n), rng.integers(0, 2, n)
    moons = np.where(upper, [np.cos(angle), np.sin(angle)], [1 - np.cos(angle), 0.5 - np.sin(angle)]).T
    return (moons + 0.1 * rng.normal(size=(n, 2))).astype("float32")


@pytest.fixture(autouse=True)
def same_initial_weights():
    keras.utils.set_random_seed(0)


@pytest.fixture(params=PRIORS)
def name(request):
    return request.param


def test_the_density_integrates_to_one_and_has_the_moments_of_the_draws(name):
    p = make_prior(name, (2,)).distribution()
    draws = p.sample(20_000, seed=tf.constant([1, 2])).numpy()
    center, width = draws.mean(0), 8 * draws.std(0)
    axes = [np.linspace(c - w, c + w, 401) for c, w in zip(center, width, strict=True)]
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), -1).reshape(-1, 2).astype("float32")
    mass = p.prob(grid).numpy() * np.prod([axis[1] - axis[0] for axis in axes])
    assert mass.sum() == pytest.approx(1, abs=5e-3)
    assert np.allclose(mass @ grid, center, atol=4 * draws.std(0).max() / np.sqrt(20_000))
    assert np.allclose(np.sqrt(mass @ (grid - center) ** 2), draws.std(0), rtol=0.04)


@pytest.mark.slow
@pytest.mark.parametrize("shape", [(4,), (2, 1, 3)])
def test_codes_of_any_shape(name, shape):
    p = make_prior(name, shape).distribution()
    assert p.batch_shape == () and p.event_shape == shape
    z = p.sample((3, 2), seed=tf.constant([1, 2]))
    assert z.shape == (3, 2, *shape)
    assert p.sample(seed=tf.constant([1, 2])).shape == p.mean().shape == p.stddev().shape == shape
    with tf.GradientTape() as tape:
        tape.watch(z)
        noise, log_det = p._inverse(z, None)
        flat = tf.reshape(noise, (3, -1))
    jacobian = tape.batch_jacobian(flat, z).numpy()  # (3, 2 D, 2, *shape)
    size = int(np.prod(shape))
    jacobian = jacobian.reshape(3, 2, size, 2, size)
    for pair in range(2):
        assert np.allclose(np.linalg.slogdet(jacobian[:, pair, :, pair])[1], log_det[:, pair], atol=1e-3)
    expected = stats.norm.logpdf(noise).reshape(3, 2, -1).sum(-1) + log_det
    assert np.allclose(p.log_prob(tf.identity(z)), expected, rtol=1e-4)
    assert np.allclose(p.log_prob(z), expected, rtol=1e-3, atol=1e-3)


def test_a_code_of_one_number_has_a_maf_and_no_real_nvp(refused):
    p = MAFPrior(1, flows=2, units=(4,)).distribution()
    assert np.allclose(p.log_prob([[0.3]]), stats.norm.logpdf(0.3), atol=0.2)
    with refused("dim must be at least 2"):
        RealNVPPrior(1)


def test_every_weight_gets_a_gradient_from_densities_and_from_draws(name):
    prior = PRIORS[name]((3,))
    for loss in (
        lambda p: tf.reduce_sum(p.log_prob(normal(7, 3))),
        lambda p: tf.reduce_sum(p.sample(7, seed=tf.constant([1, 2])) ** 3),
    ):
        with tf.GradientTape() as tape:
            total = loss(prior.distribution())
        for weight, gradient in zip(
            prior.trainable_weights, tape.gradient(total, prior.trainable_weights), strict=True
        ):
            assert gradient is not None and np.abs(gradient).max() > 0, weight.path
    assert [weight.name for weight in prior.non_trainable_weights] == ["loc", "scale"]


@pytest.mark.slow
def test_a_seed_per_example_gives_the_draws_that_one_seed_gives(name):
    p = make_prior(name, (3,)).distribution()
    seeds = tf.constant([[1, 2], [3, 4]])
    draws = tf.vectorized_map(lambda seed: p.sample(seed=seed), seeds, warn=False)
    for draw, seed in zip(draws, seeds, strict=True):
        assert np.allclose(draw, p.sample(seed=seed), atol=1e-5)


@pytest.mark.slow
def test_xla_equals_eager_mode():
    prior = make_prior("maf", (3,))
    z = normal(5, 3)

    def values():
        with tf.GradientTape() as tape:
            p = prior.distribution()
            value, codes = p.log_prob(z), p._forward(z, None)[0]
        return [value, codes, *tape.gradient([value, codes], prior.trainable_variables)]

    for one, other in zip(values(), tf.function(values, jit_compile=True)(), strict=True):
        assert np.allclose(one, other, rtol=1e-3, atol=1e-2)


def test_a_copy_from_the_configuration_with_equal_weights_is_the_same_density(name):
    prior = make_prior(name, (2, 2))
    copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(prior))
    copy.set_weights(prior.get_weights())
    assert copy.get_config() == prior.get_config()
    z = normal(5, 2, 2)
    assert np.array_equal(copy.distribution().log_prob(z), prior.distribution().log_prob(z))


FIT = {"epochs": 12, "learning_rate": 1e-2, "units": (32,), "flows": 4, "verbose": 0}


@pytest.fixture(scope="module")
def fitted():
    codes = two_moons(2000, seed=0)
    return {"maf": MAFPrior.fit(codes, **FIT), "real_nvp": RealNVPPrior.fit(codes, **FIT)}


@pytest.mark.slow
def test_fitted_to_two_moons_it_beats_the_normal_distribution_on_others(name, fitted):
    codes, others = two_moons(2000, seed=0), two_moons(2000, seed=1)
    p = fitted[name].distribution()
    gaussian = stats.multivariate_normal(codes.mean(0), np.cov(codes.T)).logpdf(others).mean()
    assert p.log_prob(others).numpy().mean() > gaussian + 0.2
    draws = p.sample(4000, seed=tf.constant([1, 2])).numpy()
    assert np.allclose(draws.mean(0), codes.mean(0), atol=0.1)
    assert np.allclose(draws.std(0), codes.std(0), atol=0.1)


@pytest.mark.slow
def test_codes_in_other_units_are_fitted_alike():
    codes = two_moons(300, seed=0)
    z = two_moons(50, seed=1)
    options = {**FIT, "epochs": 2, "batch_size": 64, "flows": 2}
    one, other = MAFPrior.fit(codes, **options), MAFPrior.fit(64 * codes - 16, **options)
    expected = one.distribution().log_prob(z) - 2 * np.log(64)
    assert np.allclose(other.distribution().log_prob(64 * z - 16), expected, atol=1e-2)


@pytest.mark.slow
def test_a_seed_fixes_the_fit():
    codes = two_moons(200, seed=0)
    options = {**FIT, "epochs": 2, "batch_size": 64, "flows": 2}
    one, same, other = (RealNVPPrior.fit(codes, seed=seed, **options).get_weights() for seed in (0, 0, 1))
    assert all(np.allclose(*pair, atol=1e-5) for pair in zip(one, same, strict=True))
    assert not np.allclose(one[-2], other[-2], atol=1e-3)


@pytest.mark.slow
def test_held_out_codes_guard_against_too_many_epochs():
    codes, others = two_moons(30, seed=0), two_moons(1000, seed=1)
    options = {"epochs": 150, "learning_rate": 2e-2, "flows": 4, "units": (32,), "verbose": 0}
    guarded, overfitted = (
        RealNVPPrior.fit(codes, validation_split=share, **options).distribution().log_prob(others).numpy().mean()
        for share in (0.3, 0.0)
    )
    assert guarded > overfitted + 0.5


@pytest.mark.parametrize(
    ("codes", "options", "match"),
    [
        (np.zeros((10,)), {}, r"codes of shape \(N, \*event_shape\), got \(10,\)"),
        (np.zeros((1, 2)), {}, "two or more codes"),
        (np.full((9, 2), np.nan), {}, "must be finite"),
        ([["a", "b"]] * 3, {}, "an array of numbers"),
        (np.ones((9, 2)), {"epochs": 0}, "epochs must be"),
        (np.ones((9, 2)), {"learning_rate": -1.0}, "learning_rate must be"),
        (np.ones((9, 2)), {"learning_rate": "fast"}, "learning_rate must be"),
        (np.ones((9, 2)), {"validation_split": 1.0}, "validation_split must be"),
        (np.ones((9, 2)), {"seed": -1}, "seed must be"),
        (np.ones((9, 2)), {"flows": 0}, "flows must be"),
    ],
)
def test_fit_refuses_bad_input(refused, codes, options, match):
    with refused(match):
        MAFPrior.fit(codes, verbose=0, **options)

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

import keras_vae as kv
from keras_vae.random import as_seed

W, B, S = np.array([[1.0, 0.5, -0.5], [0.5, -1.0, 0.0]]), np.array([0.3, -0.2, 0.1]), 0.8
Z = np.random.default_rng(0).normal(size=(12, 3)).astype("float32")


def raw(scale):
    return np.log(np.expm1(np.asarray(scale) - 1e-4))


def linear(samples, spread=1.0):
    """p(z | u) = N(u W + B, S^2 I) without hidden layers, and q(u | z) at the exact mean, `spread` times as wide."""
    stage = kv.SecondStagePrior((3,), latent_dim=2, units=(), samples=samples)
    kernel, bias = stage._decoder[0].weights
    kernel.assign(np.concatenate([W, np.zeros((2, 3))], axis=1))
    bias.assign(np.concatenate([B, np.full(3, raw(S))]))
    covariance = np.linalg.inv(W @ W.T / S**2 + np.eye(2))  # diagonal: the rows of W are orthogonal
    gain = W.T @ covariance / S**2
    kernel, bias = stage._encoder[0].weights
    kernel.assign(np.concatenate([gain, np.zeros((3, 2))], axis=1))
    bias.assign(np.concatenate([-B @ gain, raw(spread * np.sqrt(np.diag(covariance)))]))
    return stage


MANY = np.random.default_rng(1).normal(size=(10_000, 3)).astype("float32")
MARGINAL = stats.multivariate_normal(B, W.T @ W + S**2 * np.eye(3))
EXACT = MARGINAL.logpdf(Z)


def test_with_the_exact_posterior_one_draw_gives_the_exact_density():
    assert np.allclose(linear(1).distribution().log_prob(Z), EXACT, atol=1e-3)


@pytest.mark.slow
def test_the_bound_rises_with_the_draws_to_the_exact_density():
    gaps = []
    for samples in (1, 5, 50, 1000):
        codes = MANY[:500]
        gaps.append(np.mean(MARGINAL.logpdf(codes) - linear(samples, spread=1.5).distribution().log_prob(codes)))
    assert gaps == sorted(gaps, reverse=True)
    assert gaps[0] > 0.1 > 0.01 > abs(gaps[-1])


def test_one_draw_loses_the_divergence_of_its_posterior():
    values = linear(1, spread=1.5).distribution().log_prob(MANY)
    kl = 2 * (0.5 * (1.5**2 - 1) - np.log(1.5))
    assert np.mean(MARGINAL.logpdf(MANY) - values) == pytest.approx(kl, abs=0.03)


@pytest.mark.slow
def test_a_density_does_not_depend_on_what_else_is_in_the_batch():
    together = linear(5, spread=1.5).distribution().log_prob(Z)
    alone = [linear(5, spread=1.5).distribution().log_prob(Z[i : i + 1])[0] for i in range(len(Z))]
    np.testing.assert_allclose(together, alone, rtol=1e-4)


def test_a_deep_stage_tends_to_the_integral_over_u():
    keras.utils.set_random_seed(3)
    stage = kv.SecondStagePrior((2,), latent_dim=1, units=(6,), samples=20_000)
    for weight in stage.weights:
        weight.assign(np.random.default_rng(weight.shape[0]).normal(size=weight.shape))
    kernel, bias = stage._encoder[-1].weights  # q(u | z) = N(0, 2^2), which covers the posterior
    kernel.assign(tf.zeros_like(kernel))
    bias.assign([0.0, raw(2.0)])
    z = tf.constant(Z[:5, :2])
    u, width = np.linspace(-8, 8, 4001, retstep=True)
    densities = stage.decode(tf.constant(u[:, None, None], tf.float32)).log_prob(z).numpy()  # (4001, 5)
    integral = np.log(np.sum(np.exp(densities + stats.norm.logpdf(u)[:, None]), axis=0) * width)
    assert np.allclose(stage.distribution().log_prob(z), integral, atol=0.05)


def test_draws_are_those_of_the_generative_process():
    draws = linear(1).distribution().sample(60_000, seed=(0, 1)).numpy()
    assert np.allclose(draws.mean(0), B, atol=0.03)
    assert np.allclose(np.cov(draws.T), W.T @ W + S**2 * np.eye(3), atol=0.05)
    assert np.array_equal(draws[:5], linear(1).distribution().sample(60_000, seed=(0, 1))[:5])


def test_the_mean_is_the_decoders_at_zero():
    assert np.allclose(linear(1).distribution().mean(), B, atol=1e-6)


def test_codes_of_any_shape():
    stage = kv.SecondStagePrior((2, 2, 1), units=(4,), samples=2)
    distribution = stage.distribution()
    assert stage.latent_dim == 4 and distribution.batch_shape == () and distribution.event_shape == (2, 2, 1)
    assert distribution.mean().shape == distribution.sample(seed=(0, 1)).shape == (2, 2, 1)
    z = distribution.sample((3, 5), seed=(0, 1))
    assert z.shape == (3, 5, 2, 2, 1) and distribution.log_prob(z).shape == (3, 5)


@pytest.mark.slow
def test_the_density_is_the_same_every_time_and_under_xla_a_bound_too():
    stage = linear(2000, spread=1.5)
    density = lambda z: stage.distribution().log_prob(z)  # noqa: E731
    assert np.array_equal(density(Z), density(Z))
    assert np.allclose(tf.function(density, jit_compile=True)(Z), EXACT, atol=0.1)


@pytest.mark.parametrize(
    "options", [{"latent_dim": 0}, {"units": (0,)}, {"units": (2.5,)}, {"samples": 0}, {"units": 16}]
)
def test_bad_arguments_are_refused(options, refused):
    with refused(f"SecondStagePrior: .*{next(iter(options))}"):
        kv.SecondStagePrior((4,), **options)


def two_stages(**options):
    keras.utils.set_random_seed(0)
    model = kv.Autoencoder(
        kv.MLPEncoder((5,), (8,)),
        kv.MLPDecoder((2,), (8,)),
        prior=kv.SecondStagePrior((2,), units=(16,)),
        likelihood="normal",
        objective=kv.NLL() + kv.StandardNormalKL() + kv.PriorNLL(),
        seed=0,
        **options,
    )
    model.compile(keras.optimizers.Adam(1e-2), run_eagerly=True)
    return model


X = np.random.default_rng(0).normal(size=(64, 5)).astype("float32")


@pytest.mark.slow
def test_the_stages_learn_apart():
    model = two_stages()
    trace = model.trace(X, seed=as_seed(0), samples=1)
    of_prior = {id(weight) for weight in model.prior.trainable_weights}
    gradients, *_ = model.gradients(X, as_seed(0))
    for stage, objective in (
        ("prior", kv.PriorNLL()),
        ("first", kv.NLL() + kv.StandardNormalKL()),
    ):
        with tf.GradientTape() as tape:
            trace = model.trace(X, seed=as_seed(0), samples=1, training=True)
            value = objective(trace)
            loss = tf.reduce_mean(value if stage == "prior" else value[0])
        expected = tape.gradient(loss, model.trainable_weights)
        for weight, own, alone in zip(model.trainable_weights, gradients, expected, strict=True):
            if (id(weight) in of_prior) == (stage == "prior"):
                assert np.any(own) and np.allclose(own, alone, atol=1e-5), weight.path


def test_a_kl_to_the_standard_normal_is_that_whatever_the_prior():
    model = two_stages()
    trace = model.trace(X, seed=as_seed(0))
    loc, scale = (getattr(trace.latents[0].posterior, name)() for name in ("mean", "stddev"))
    expected = 0.5 * tf.reduce_sum(scale**2 + loc**2 - 1 - 2 * tf.math.log(scale), axis=1)
    assert np.allclose(kv.StandardNormalKL()(trace), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.slow
def test_the_second_stage_learns_where_the_codes_are():
    codes = np.concatenate([Z[:, :2], Z[:, 1:]]) * 0.1 + np.array([2.0, -1.0], "float32")
    stage = kv.SecondStagePrior((2,), latent_dim=1, units=(16,))
    optimizer = keras.optimizers.Adam(1e-2)

    @tf.function
    def train():
        with tf.GradientTape() as tape:
            loss = -tf.reduce_mean(stage.distribution().log_prob(tf.tile(codes, (8, 1))))
        optimizer.apply(tape.gradient(loss, stage.trainable_variables), stage.trainable_variables)

    optimizer.build(stage.trainable_variables)
    for _ in range(300):
        train()
    draws = stage.distribution().sample(2000, seed=(0, 1)).numpy()
    assert np.allclose(draws.mean(0), codes.mean(0), atol=0.05)
    assert np.allclose(draws.std(0), codes.std(0), rtol=0.25)


@pytest.mark.slow
def test_it_is_saved_with_its_model(tmp_path):
    model = two_stages()
    model.fit(X, epochs=2, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = kv.load_model(tmp_path / "model.keras")
    assert np.array_equal(loaded.elbo(X), model.elbo(X))
    assert np.array_equal(loaded.sample(3, seed=0), model.sample(3, seed=0))


@pytest.mark.slow
def test_fitted_to_codes_on_a_ring_it_beats_a_normal_and_repeats():
    rng = np.random.default_rng(0)
    angle = rng.uniform(0, 2 * np.pi, 1200)
    codes = np.stack([np.cos(angle), np.sin(angle)], axis=1) + 0.05 * rng.normal(size=(1200, 2))
    settings = {"units": (64, 64), "samples": 8, "epochs": 40, "batch_size": 32, "learning_rate": 3e-3, "verbose": 0}
    fitted = kv.SecondStagePrior.fit(codes[:1000], **settings)
    held_out = codes[1000:].astype("float32")
    normal = -np.log(2 * np.pi * held_out.var()) - 1.0  # nats per code of the best isotropic normal
    assert fitted.distribution().log_prob(held_out).numpy().mean() > normal + 0.2
    radius = np.linalg.norm(fitted.distribution().sample(500, seed=(0, 1)), axis=1)
    assert np.abs(np.median(radius) - 1) < 0.1
    again = kv.SecondStagePrior.fit(codes[:1000], units=(32, 32), epochs=1, verbose=0)
    once_more = kv.SecondStagePrior.fit(codes[:1000], units=(32, 32), epochs=1, verbose=0)
    for own, others in zip(again.weights, once_more.weights, strict=True):
        assert np.array_equal(own, others)

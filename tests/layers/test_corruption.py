import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

import keras_vae as kv
from keras_vae.layers import CORRUPTIONS

N = 40_000
X = np.random.default_rng(0).uniform(0.2, 0.7, (N // 8, 8)).astype("float32")
X[0, :2] = 0.1, 0.9  # the extremes of the batch


@pytest.fixture(params=CORRUPTIONS)
def corruption(request):
    return CORRUPTIONS[request.param](0.3)


def within(share, expected, n=N):
    """Whether a share of n coins is within four standard deviations of what is expected."""
    return abs(share - expected) < 4 * np.sqrt(expected * (1 - expected) / n)


def test_it_is_a_pure_function_of_the_seed(corruption):
    one, same, other = (corruption(X, seed=seed).numpy() for seed in ((1, 2), (1, 2), (1, 3)))
    assert np.array_equal(one, same)
    assert np.mean(one != other) > 0.2


def test_xla_changes_no_more_than_the_noise(corruption):
    graph, xla = (
        tf.function(corruption, jit_compile=jit_compile)(X, tf.constant([1, 2])).numpy()
        for jit_compile in (False, True)
    )
    assert graph.shape == xla.shape == X.shape and graph.dtype == xla.dtype == np.float32
    assert np.mean(graph != X) == pytest.approx(np.mean(xla != X), abs=0.02)
    assert graph.std() == pytest.approx(xla.std(), rel=0.02)


@pytest.mark.parametrize("amount", [0.05, 0.5, 3.0])
def test_gaussian_noise_has_the_standard_deviation_asked_for(amount):
    noise = kv.GaussianCorruption(amount)(X, seed=(0, 1)).numpy().astype("float64") - X
    assert stats.kstest(noise.reshape(-1), stats.norm(0, amount).cdf).pvalue > 1e-3
    assert abs(np.corrcoef(noise[:, 0], noise[:, 1])[0, 1]) < 4 / np.sqrt(len(X))


@pytest.mark.parametrize("amount", [0.1, 0.5, 0.9])
def test_masking_takes_a_share_of_the_elements_and_leaves_the_others(amount):
    masked = kv.MaskingCorruption(amount)(X, seed=(0, 1)).numpy()
    assert within(np.mean(masked == 0), amount)
    assert np.array_equal(masked[masked != 0], X[masked != 0])


@pytest.mark.parametrize("amount", [0.1, 0.5, 0.9])
def test_salt_and_pepper_come_in_equal_shares(amount):
    changed = kv.SaltAndPepperCorruption(amount)(X, seed=(0, 1)).numpy()
    pepper, salt = changed == X.min(), changed == X.max()
    assert within(pepper.mean(), amount / 2) and within(salt.mean(), amount / 2)
    assert np.array_equal(changed[~pepper & ~salt], X[~pepper & ~salt])


def test_at_one_everything_is_changed():
    assert np.array_equal(kv.MaskingCorruption(1.0)(X, seed=(0, 1)), np.zeros_like(X))
    assert set(np.unique(kv.SaltAndPepperCorruption(1.0)(X, seed=(0, 1)))) == {X.min(), X.max()}


@pytest.mark.parametrize("kind", CORRUPTIONS.values())
@pytest.mark.parametrize("amount", [0, -0.1, np.nan, np.inf, "0.3", None])
def test_an_amount_out_of_range_is_refused(kind, amount, refused):
    with refused(f"{kind.__name__}: amount must be a "):
        kind(amount)
    if kind is not kv.GaussianCorruption:
        with refused("amount must be a number > 0 and <= 1; got 1.1"):
            kind(1.1)


def model(corruption):
    keras.utils.set_random_seed(0)
    model = kv.Autoencoder(
        kv.MLPEncoder((8,), (6,)),
        kv.MLPDecoder((2,), (6,)),
        objective=kv.NLL() + kv.KL(),
        corruption=corruption,
        seed=3,
    )
    model.compile(keras.optimizers.SGD(0.1), jit_compile=False)
    return model


@pytest.mark.slow
def test_nothing_is_corrupted_outside_training():
    plain, denoising, x = model(None), model(kv.MaskingCorruption(0.5)), X[:64]
    assert denoising.evaluate(x, verbose=0) == plain.evaluate(x, verbose=0)
    assert np.array_equal(denoising.reconstruct(x), plain.reconstruct(x))
    assert np.array_equal(denoising.elbo(x), plain.elbo(x))


def test_training_corrupts_what_the_encoder_sees_and_not_what_is_explained(corruption):
    denoising, seed = model(corruption), tf.constant([0, 5])
    clean, corrupted = (denoising.trace(X[:64], seed=seed, training=training) for training in (False, True))
    assert np.array_equal(corrupted.x, X[:64])
    moved = np.abs(corrupted.latents[0].posterior.mean() - clean.latents[0].posterior.mean()).max(axis=1)
    assert np.mean(moved > 1e-4) > 0.8
    assert not np.array_equal(
        corrupted.latents[0].posterior.mean(),
        denoising.trace(X[:64], seed=tf.constant([0, 6]), training=True).latents[0].posterior.mean(),
    )


@pytest.mark.slow
def test_a_model_is_trained_otherwise_with_it_and_repeatably():
    losses = []
    for own in (None, kv.GaussianCorruption(0.3), kv.GaussianCorruption(0.3)):
        trained = model(own)
        losses.append(trained.fit(X[:64], epochs=2, shuffle=False, verbose=0).history["loss"])
    assert losses[0] != losses[1] == losses[2]


@pytest.mark.slow
def test_it_is_saved_with_its_model(tmp_path):
    denoising = model(kv.MaskingCorruption(0.4))
    denoising.save(tmp_path / "model.keras")
    loaded = kv.load_model(tmp_path / "model.keras")
    histories = [one.fit(X[:64], shuffle=False, verbose=0).history for one in (denoising, loaded)]
    assert loaded.corruption.amount == 0.4 and histories[0] == histories[1]


def test_anything_else_is_no_corruption(refused):
    with refused("corruption: expected a Corruption or None; got 0.3"):
        model(0.3)

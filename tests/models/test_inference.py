import subprocess
import sys

import keras
import numpy as np
import pytest

import keras_vae as kv

X = np.random.default_rng(0).random((23, 8, 8, 1), "float32")


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(0)
    return kv.zoo.vae((8, 8, 1), 3, units=(16,), seed=0)


def test_encode_gives_the_posterior_and_the_same_one_every_time(model):
    posterior = model.encode(X)
    assert posterior.batch_shape == (23,) and posterior.event_shape == (3,)
    assert np.array_equal(posterior.mean(), model.encode(X).mean())


@pytest.mark.parametrize("batch_size", [1, 7, 23, 100])
def test_the_batch_size_changes_nothing(model, batch_size):
    assert np.allclose(model.encode(X, batch_size=batch_size).mean(), model.encode(X).mean(), atol=1e-6)
    assert np.allclose(model.reconstruct(X, batch_size=batch_size), model.reconstruct(X), atol=1e-6)
    drawn = model.sample(23, seed=1, batch_size=batch_size)
    assert np.allclose(drawn, model.sample(23, seed=1), atol=1e-6)


def test_the_reconstruction_is_the_decoded_mean_and_what_predict_gives(model):
    decoded = model.decode(model.encode(X).mean()).mean()
    assert np.allclose(model.reconstruct(X), decoded, atol=1e-6)
    assert np.allclose(model.predict(X, verbose=0), decoded, atol=1e-6)


def test_draws_follow_their_seed(model):
    for draw in (
        lambda seed: model.reconstruct(X, draw="sample", seed=seed),
        lambda seed: model.sample(5, seed=seed),
        lambda seed: model.sample(5, seed=seed, draw="sample"),
    ):
        assert np.array_equal(draw(1), draw(1))
        assert not np.array_equal(draw(1), draw(2))
        assert not np.array_equal(draw(None), draw(None))


def test_drawn_pixels_have_the_probability_of_the_mean(model):
    many = np.repeat(X[:1], 4000, axis=0)
    drawn = model.reconstruct(many, draw="sample", seed=3)
    assert set(np.unique(drawn)) == {0, 1}
    z = model.encode(X[:1]).sample(4000, seed=5)[:, 0]
    assert np.allclose(drawn.mean(0), model.decode(z).mean().numpy().mean(0), atol=0.05)


def test_samples_come_from_the_prior(model):
    z = model.prior_distribution().sample(3000, seed=1)
    expected = model.decode(z).mean().numpy().mean(0)
    assert np.allclose(model.sample(3000, seed=9).mean(0), expected, atol=0.02)


def test_missing_values_are_replaced_and_no_others(refused):
    masked = kv.zoo.masked_vae((8, 8, 1), 3, units=(16,), seed=0)
    x = np.where(np.random.default_rng(1).random(X.shape) < 0.3, np.float32("nan"), X)
    missing = np.isnan(x)
    imputed = masked.impute(x)
    assert np.array_equal(imputed[~missing], X[~missing])
    assert np.array_equal(imputed[missing], masked.reconstruct(x)[missing])
    drawn = [masked.impute(x, draw="sample", seed=seed)[missing] for seed in (1, 1, 2)]
    assert np.array_equal(drawn[0], drawn[1]) and not np.array_equal(drawn[0], drawn[2])
    with refused("impute: expected a likelihood for missing values, got Bernoulli; wrap it as kv.Masked"):
        kv.zoo.vae((8, 8, 1), 3, units=(16,)).impute(x)


def test_interpolation_starts_and_ends_at_the_reconstructions(model):
    paths = model.interpolate(X[:4], X[4:8], steps=6)
    assert paths.shape == (4, 6, 8, 8, 1)
    assert np.allclose(paths[:, 0], model.reconstruct(X[:4]), atol=1e-5)
    assert np.allclose(paths[:, -1], model.reconstruct(X[4:8]), atol=1e-5)
    middle = (model.encode(X[:4]).mean() + model.encode(X[4:8]).mean()) / 2
    odd = model.interpolate(X[:4], X[4:8], steps=5)
    assert np.allclose(odd[:, 2], model.decode(middle).mean(), atol=1e-5)


def test_a_traversal_moves_one_dimension_and_leaves_the_others(model):
    values = [-2.0, 0.5, 4.0]
    rows = model.traverse(X[0], dimensions=[2, 0], values=values)
    assert rows.shape == (2, 3, 8, 8, 1)
    code = model.encode(X[:1]).mean()[0].numpy()
    for row, dimension in zip(rows, [2, 0], strict=True):
        codes = np.repeat(code[None], 3, axis=0)
        codes[:, dimension] = values
        assert np.allclose(row, model.decode(codes).mean(), atol=1e-5)


def test_a_traversal_starts_at_the_prior_mean_by_default(model):
    assert np.allclose(model.traverse()[:, 3], model.decode(np.zeros((1, 3))).mean(), atol=1e-5)


def test_more_traversals_than_memory_are_refused_at_once(model, refused):
    with refused("traverse: 3 dimensions of 3 at 100000000 values are too many for the memory; choose fewer"):
        model.traverse(values=np.broadcast_to(np.float32(0), (100_000_000,)))


@pytest.mark.slow
def test_the_elbo_adds_up_to_what_evaluate_reports(model):
    model.compile(jit_compile=False)
    reported = model.evaluate(X, return_dict=True, verbose=0)["elbo"]
    assert model.elbo(X, samples=200).mean() == pytest.approx(reported, abs=0.5)


MEMORY = """
import resource
import numpy as np
import keras_vae as kv

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

model = kv.zoo.vae((8, 8, 1), 3, units=(16,), seed=0)
x = np.zeros((23, 8, 8, 1), "float32")
model.log_likelihood(x, samples=10)
before = peak()
model.log_likelihood(x, samples=200_000)
print(peak() - before)
"""


@pytest.mark.slow
def test_memory_does_not_grow_with_the_number_of_samples():
    """All 200,000 x 23 decoded images at once would take 1.2 GB."""
    done = subprocess.run([sys.executable, "-c", MEMORY], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 300_000  # kB

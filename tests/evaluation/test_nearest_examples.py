import numpy as np
import pytest

import keras_vae as kv
from keras_vae.evaluation import codes_of, nearest


@pytest.fixture(scope="module")
def x():
    return np.random.default_rng(0).random((40, 4)).astype("float32")


def test_the_nearest_are_those_of_a_full_search(x):
    found = nearest(x[:5] + 0.01, x, count=3)
    distances = np.linalg.norm((x[:5] + 0.01)[:, None] - x[None], axis=-1)
    np.testing.assert_array_equal(found.indices, np.argsort(distances, axis=1)[:, :3])
    np.testing.assert_allclose(found.distances, np.sort(distances, axis=1)[:, :3], rtol=1e-4, atol=1e-6)


def test_no_example_is_its_own_neighbour(x):
    equal = np.concatenate([x, x])  # but an equal one is
    found = nearest(equal, count=1)
    np.testing.assert_array_equal(found.indices[:, 0], (np.arange(80) + 40) % 80)


def test_codes_are_the_means_and_the_noise_of_all_examples(x):
    model = kv.zoo.conditional_vae((4,), 3, classes=2, units=(8,), seed=0)
    many, y = np.tile(x, (20, 1)), np.arange(800) % 2
    found, posterior = codes_of(model, many, y), model.encode(many, condition=y)
    np.testing.assert_allclose(found.means, posterior.mean(), atol=1e-5)
    np.testing.assert_allclose(found.noise**2, posterior.variance().numpy().mean(axis=0), rtol=1e-5)


def test_codes_of_a_plain_autoencoder_have_no_noise(x):
    found = codes_of(kv.zoo.ae((4,), 3, units=(8,), seed=0), x)
    assert found.means.shape == (40, 3) and found.noise.tolist() == [1.0] * 3


def test_what_cannot_be_searched_is_refused(x, refused):
    with refused("count: expected at most 39, the number of other examples, got 40"):
        nearest(x, count=40)
    with refused(r"queries: expected finite numbers of shape \(N, D\), got shape \(40, 3\)"):
        nearest(x[:, :3], x)
    with refused("codes: expected finite numbers"):
        nearest(x, x * np.nan)
    with refused("expected continuous latents, got VectorQuantizer"):
        codes_of(kv.zoo.vq_vae((8, 8, 1), 3, seed=0), np.zeros((2, 8, 8, 1)))

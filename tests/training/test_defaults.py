from types import SimpleNamespace

import numpy as np
import pytest

from keras_vae import zoo
from keras_vae.data.lazy_array import InMemory
from keras_vae.training import TrainingConfig, with_defaults
from keras_vae.training.build import adapt_model
from keras_vae.training.defaults import starts_as_patches, starts_as_pca


def data(event_shape, examples=24_000):
    return SimpleNamespace(event_shape=event_shape, train=range(examples))


@pytest.mark.parametrize(
    ("options", "event_shape", "examples", "expected"),
    [
        ({}, (64, 64, 3), 24_000, 128),
        ({}, (128, 128, 3), 24_000, 512),
        ({}, (256, 256, 3), 100_000, 512),
        ({}, (64, 64, 3), 700, 64),  # ten examples for each
        ({}, (28, 28, 1), 60_000, 8),
        ({}, (20_000,), 24_000, 8),  # not an image
        ({"latent_dim": 3}, (64, 64, 3), 24_000, 3),
        ({"model": "vq_vae"}, (64, 64, 3), 24_000, 8),  # length of an entry
        ({"model": "autoencoder_kl"}, (64, 64, 3), 24_000, 8),  # channels of a map
        ({"network": "spatial"}, (64, 64, 3), 24_000, 8),
    ],
)
def test_the_number_of_latents_follows_from_the_data(options, event_shape, examples, expected):
    assert with_defaults(TrainingConfig(**options), data(event_shape, examples)).latent_dim == expected


@pytest.mark.parametrize(
    ("options", "event_shape", "expected"),
    [({}, (64, 64, 3), 32), ({}, (28, 28, 1), None), ({}, (64, 20, 3), None), ({"batch_size": 99}, (64, 64, 3), 99)],
)
def test_larger_images_have_a_smaller_batch(options, event_shape, expected):
    assert with_defaults(TrainingConfig(**options), data(event_shape)).batch_size == expected


def test_principal_components_are_those_of_more_examples_than_a_sample():
    model = zoo.vae((8, 8, 1), 3, network="conv", linear_skip=True, filters=(4,), likelihood="normal", seed=0)
    adapted = []
    model.adapt = adapted.append
    x = InMemory(np.zeros((1000, 8, 8, 1), "uint8"))
    x.sampled = x.sample(20)
    for _ in range(2):
        adapt_model(model, SimpleNamespace(train=SimpleNamespace(x=x)))
    assert len(adapted[0]) == 300  # 100 for each component
    assert adapted[0] is adapted[1], "read only once"


@pytest.mark.parametrize(
    ("config", "event_shape", "options", "expected"),
    [
        ({}, (64, 64, 3), {"likelihood": {"name": "normal"}}, True),
        ({"model": "sigma_vae"}, (64, 64, 3), {}, True),
        ({}, (99, 128, 3), {"likelihood": {"name": "normal"}}, False),  # no multiple of 2
        ({}, (64, 64, 1), {"likelihood": {"name": "bernoulli"}}, False),
        ({}, (64, 64, 3), {"likelihood": {"name": "normal"}, "posterior": {"name": "laplace"}}, False),
        ({"network": "conv"}, (64, 64, 3), {"likelihood": {"name": "normal"}}, False),
        ({"model": "beta_vae"}, (64, 64, 3), {"likelihood": {"name": "normal"}}, False),
        ({}, (28, 28, 1), {"likelihood": {"name": "normal"}}, False),
        ({}, (64, 64, 3), {"likelihood": {"name": "normal"}, "linear_skip": False}, False),
        ({}, (64, 64, 3), {"likelihood": {"name": "normal"}, "kernel_size": 5}, False),
        ({}, (64, 64, 3), {"likelihood": {"name": "normal"}, "filters": (8, 8)}, True),
    ],
)
def test_larger_images_start_as_pca_unless_the_user_chose_another_network(config, event_shape, options, expected):
    assert starts_as_pca(TrainingConfig(**config), event_shape, options) == expected


@pytest.mark.parametrize(
    ("config", "event_shape", "options", "expected"),
    [
        ({"model": "spatial_vae"}, (64, 64, 3), {"likelihood": {"name": "normal"}}, True),
        ({"model": "autoencoder_kl"}, (64, 48, 3), {}, True),
        ({"network": "spatial"}, (64, 64, 3), {"likelihood": {"name": "normal"}}, True),
        ({"model": "spatial_vae"}, (66, 64, 3), {"likelihood": {"name": "normal"}}, False),  # no multiple of 8
        ({"model": "spatial_vae"}, (66, 64, 3), {"likelihood": {"name": "normal"}, "downsampling": 2}, True),
        ({"model": "spatial_vae"}, (64, 64, 3), {"likelihood": {"name": "normal"}, "linear_skip": False}, False),
        ({"model": "spatial_vae"}, (64, 64, 1), {"likelihood": {"name": "bernoulli"}}, False),
        ({"model": "spatial_vae"}, (28, 28, 1), {"likelihood": {"name": "normal"}}, False),
        ({"model": "vq_vae"}, (64, 64, 3), {"likelihood": {"name": "normal"}}, True),
        ({"model": "vq_vae", "network": "conv"}, (64, 64, 3), {"likelihood": {"name": "normal"}}, False),
        ({"model": "fsq_vae"}, (64, 64, 3), {"likelihood": {"name": "poisson"}}, False),
        ({"model": "concrete_vae"}, (64, 64, 3), {"likelihood": {"name": "normal"}}, False),
    ],
)
def test_latent_maps_of_larger_images_start_as_patches(config, event_shape, options, expected):
    assert starts_as_patches(TrainingConfig(**config), event_shape, options) == expected


def test_large_examples_get_fewer_importance_samples():
    assert [TrainingConfig().likelihood_samples_for(shape) for shape in ((28, 28, 1), (64, 64, 3))] == [500, 50]
    assert TrainingConfig(likelihood_samples=0).likelihood_samples_for((64, 64, 3)) == 0

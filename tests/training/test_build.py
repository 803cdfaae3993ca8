"""What a configuration gives to a recipe: only what the recipe takes."""

import numpy as np
import pytest

from keras_vae.training import TrainingConfig, build_model, load_data

MODULE = """
from typing import Unpack

from keras_vae import KL, NLL, Autoencoder, make_networks
from keras_vae.zoo import Parts, assemble

def open_recipe(event_shape, latent_dim, **options):
    return assemble("open_recipe", event_shape, latent_dim, options, objective=NLL() + KL())

def recipe_of_parts(event_shape, latent_dim, **parts: Unpack[Parts]):
    return open_recipe(event_shape, latent_dim, **parts)

def recipe_of_networks(event_shape, latent_dim, **network):
    encoder, decoder = make_networks("mlp", event_shape, latent_dim, **network)
    return Autoencoder(encoder, decoder, likelihood="laplace", objective=NLL(), seed=network["seed"])

def closed_recipe(event_shape, latent_dim):
    return open_recipe(event_shape, latent_dim, units=(4,), likelihood="laplace", seed=7)
"""


@pytest.mark.parametrize(
    ("model", "likelihood", "seed"),
    [
        ("vae", "Normal", 3),
        ("count_vae", "NegativeBinomial", 3),
        ("builds_own:recipe_of_parts", "Normal", 3),
        ("builds_own:recipe_of_networks", "Laplace", 3),
        ("builds_own:open_recipe", "Bernoulli", 3),
        ("builds_own:closed_recipe", "Laplace", 7),
    ],
)
def test_a_recipe_gets_the_seed_and_the_likelihood_of_the_data_if_it_takes_them(
    model, likelihood, seed, tmp_path, monkeypatch
):
    (tmp_path / "builds_own.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    config = TrainingConfig(model=model, seed=3, limit=64, jit_compile=False)
    built = build_model(config, load_data(config))
    assert (type(built.likelihood).__name__, built.seed) == (likelihood, seed)


@pytest.mark.parametrize("labels", [[0, 1, 10**18], [0, 1, -1], [0, 1, 1000]])
def test_labels_that_number_no_classes_are_refused(tmp_path, refused, labels):
    np.savez(tmp_path / "x.npz", x=np.zeros((30, 4)), y=labels * 10)
    config = TrainingConfig(model="conditional_vae", data=str(tmp_path / "x.npz"))
    with refused(f"x: expected the labels 0, 1, ... of the classes, got labels from {min(labels)} to {max(labels)}"):
        build_model(config, load_data(config))

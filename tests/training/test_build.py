"""What a configuration gives to a recipe: only what the recipe takes."""

from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf

from keras_vae.training import TrainingConfig, build_model, load_data
from keras_vae.training.epochs import fit_epochs

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


VECTORS, ONE_HOT = np.random.default_rng(0).random((30, 2)), np.eye(3)[np.arange(30) % 3]


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


@pytest.mark.parametrize(
    ("y", "model", "condition"),
    [
        (VECTORS, "conditional_vae", "VectorCondition of 2"),
        (ONE_HOT, "conditional_vae", "LabelCondition of 3"),
        (np.where(np.arange(30)[:, None] % 4, ONE_HOT, -1), "semi_supervised_vae", "LabelCondition of 3"),
        (np.arange(30) % 5, "conditional_vae", "LabelCondition of 5"),
        (VECTORS, "vae", None),
    ],
    ids=["vectors", "one-hot", "partly known", "labels", "not asked for"],
)
def test_a_model_takes_the_conditions_that_the_data_have(y, model, condition, tmp_path):
    np.savez(tmp_path / "data.npz", x=np.random.default_rng(0).random((30, 6)), y=y)
    config = TrainingConfig(model=model, data=str(tmp_path / "data.npz"), options={"units": [4]}, jit_compile=False)
    data = load_data(config)
    built = build_model(config, data).condition
    assert built is condition or f"{type(built).__name__} of {built.size}" == condition


@pytest.mark.parametrize(
    "chosen",
    [{"likelihood": "normal"}, {"options": {"likelihood": {"name": "normal"}}}, {"options": {"base": "normal"}}],
    ids=["likelihood", "named in the options", "base"],
)
def test_a_chosen_likelihood_is_that_of_the_observed_values(chosen):
    config = TrainingConfig(model="masked_vae", limit=64, jit_compile=False).replace(**chosen)
    likelihood = build_model(config, load_data(config)).likelihood
    assert (type(likelihood).__name__, type(likelihood.base).__name__) == ("Masked", "Normal")


def test_two_likelihoods_of_the_observed_values_are_refused(refused):
    config = TrainingConfig(model="masked_vae", likelihood="normal", limit=64, options={"base": "poisson"})
    with refused("likelihood: expected one, got 'normal' and, in the options, base='poisson'; drop one"):
        build_model(config, load_data(config))


@pytest.mark.parametrize("visits", [None, "real"])
def test_missing_values_of_a_table_get_a_likelihood_per_column(tmp_path, visits):
    rows = [f"{i / 7},{i + 30},{('Bonn', 'Ulm', 'Wien', '')[i % 4]}" for i in range(40)]
    (tmp_path / "t.csv").write_text("\n".join(["size,visits,town", *rows]))
    options: dict = {"units": [4]}
    if visits:
        options["base"] = {"name": "table", "columns": {"visits": visits}}
    config = TrainingConfig(model="masked_vae", data=str(tmp_path / "t.csv"), options=options, jit_compile=False)
    likelihood = build_model(config, load_data(config)).likelihood
    assert [*likelihood.base.columns] == ["real", visits or "count", ("categorical", 3)]


@pytest.mark.parametrize("labels", [[0, 1, 10**18], [0, 1, -2], [0, 1, 1000]])
def test_labels_that_number_no_classes_are_refused(tmp_path, refused, labels):
    np.savez(tmp_path / "x.npz", x=np.zeros((30, 4)), y=labels * 10)
    config = TrainingConfig(model="conditional_vae", data=str(tmp_path / "x.npz"))
    with refused(f"x: expected the labels 0, 1, ... of the classes, got labels from {min(labels)} to {max(labels)}"):
        build_model(config, load_data(config))


def test_dynamic_binarisation_draws_training_pixels_anew_and_those_of_validation_once():
    def fit(batches, validation_data, **_):
        seen.extend([[next(iter(batches)).numpy() for _ in range(2)], [*validation_data.as_numpy_iterator()]])
        return SimpleNamespace(history={})

    model, seen = SimpleNamespace(condition=None, distribute_strategy=tf.distribute.get_strategy(), fit=fit), []
    config = TrainingConfig(binarize="dynamic", limit=40)
    data = load_data(config)
    for epoch in range(2):
        fit_epochs(model, data, config, epoch, epoch + 1)
    (first, same), drawn, (second, _), again = seen
    assert (first == same).all(), "a batch is a function of the epoch"
    assert (first != second).any()
    assert len(drawn) == len(again) == 1 and (drawn[0] == again[0]).all() and {*np.unique(drawn[0])} == {0, 255}

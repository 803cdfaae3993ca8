"""Recipes by name, and those in a module of one's own."""

import pytest

from keras_vae import zoo

EVENT = (8, 8, 1)

MODULE = """
from typing import Unpack

from keras_vae import KL, NLL
from keras_vae.zoo import Parts, assemble

def open_recipe(event_shape, latent_dim, beta=2.0, **options):
    return assemble("open_recipe", event_shape, latent_dim, options, objective=NLL() + beta * KL())

def recipe_of_parts(event_shape, latent_dim=2, **parts: Unpack[Parts]):
    return open_recipe(event_shape, latent_dim, **parts)

def closed_recipe(event_shape, latent_dim=2, *, beta=2.0):
    return open_recipe(event_shape, latent_dim, beta=beta, units=(4,))

def number(event_shape, latent_dim=2, **options):
    return 3

CONSTANT = 3
"""


@pytest.fixture(autouse=True)
def modules(tmp_path, monkeypatch):
    (tmp_path / "my_recipes.py").write_text(MODULE)
    (tmp_path / "my_broken_recipes.py").write_text("import keras_vae\nraise RuntimeError('two\\nlines')")
    monkeypatch.syspath_prepend(tmp_path)


def test_a_function_of_a_module_is_a_recipe():
    model = zoo.create("my_recipes:open_recipe", EVENT, 3, units=(4,), seed=0, likelihood="normal")
    assert model.name == "open_recipe" and model.latent_shape == (3,)
    assert zoo.create("my_recipes:closed_recipe", EVENT).latent_shape == (2,)


def test_what_a_function_takes_is_read_from_its_signature():
    assert zoo.takes("my_recipes:open_recipe", "beta") and zoo.takes("my_recipes:open_recipe", "likelihood")
    assert not zoo.takes("my_recipes:open_recipe", "classes") and not zoo.takes("my_recipes:closed_recipe", "seed")
    assert zoo.has_own_likelihood("my_recipes:closed_recipe")
    assert zoo.has_own_likelihood("my_recipes:open_recipe")  # its options may be those of networks alone
    assert not zoo.has_own_likelihood("my_recipes:recipe_of_parts")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("veta_vae", "^Unknown model 'veta_vae': did you mean 'beta_vae'"),
        (None, "^Unknown model None"),
        ("my_recipes:", "^model 'my_recipes:': expected the name of a recipe, or MODULE:FUNCTION"),
        ("my-recipes:vae", "^model 'my-recipes:vae': expected the name of a recipe, or MODULE:FUNCTION"),
        ("my_recipe:vae", "^model 'my_recipe:vae': cannot import my_recipe: ModuleNotFoundError: No module named"),
        ("my_broken_recipes:vae", "cannot import my_broken_recipes: RuntimeError: two lines; the folder of a module"),
        ("my_recipes:open_recip", "Unknown function of my_recipes 'open_recip': did you mean 'open_recipe'"),
        ("my_recipes:CONSTANT", "expected a function of event_shape and latent_dim; got 3"),
        ("my_recipes:number", "^my_recipes:number: expected it to return an Autoencoder; got int"),
        ("my_recipes:closed_recipe", "^my_recipes:closed_recipe: unknown option 'units'; it takes event_shape, "),
        ("my_recipes:open_recipe", "network 'mlp' .* takes no option 'filters'"),
    ],
)
def test_a_name_that_is_no_recipe_gets_one_line(name, message, refused):
    options = {"filters": (3,)} if name == "my_recipes:open_recipe" else {"units": (4,)}
    with refused(message):
        zoo.create(name, EVENT, 2, **options)

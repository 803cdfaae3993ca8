"""Recipes: one function per published model, each returning a configured `Autoencoder`.

`@recipe` registers a recipe. `Parts` lists the parts that every recipe takes. `RECIPES` and `describe` list the
recipes.
"""

from keras_vae.zoo.assemble import assemble
from keras_vae.zoo.lookup import create, get_recipe, has_effect, has_own_likelihood, takes
from keras_vae.zoo.parts import Parts
from keras_vae.zoo.registry import RECIPES, Description, describe, recipe

# The recipes are listed in this order.
from keras_vae.zoo.deterministic import *
from keras_vae.zoo.variational import *
from keras_vae.zoo.bounds import *
from keras_vae.zoo.disentangling import *
from keras_vae.zoo.aggregate_posterior import *
from keras_vae.zoo.perceptual import *
from keras_vae.zoo.posteriors import *
from keras_vae.zoo.priors import *
from keras_vae.zoo.likelihoods import *
from keras_vae.zoo.hierarchies import *
from keras_vae.zoo.discrete import *
from keras_vae.zoo.labels import *

__all__ = [
    "RECIPES",
    "Description",
    "Parts",
    "assemble",
    "create",
    "describe",
    "get_recipe",
    "has_effect",
    "has_own_likelihood",
    "recipe",
    "takes",
    *RECIPES,  # pyright: ignore[reportUnsupportedDunderAll]  # in the order of the families
]


def __dir__() -> list[str]:
    return __all__

"""Recipes: one function per published model, each returning a configured `Autoencoder`."""

import inspect
from collections.abc import Callable
from typing import Any

from keras_vae.errors import InvalidInputError
from keras_vae.models import Autoencoder
from keras_vae.serialization import get
from keras_vae.zoo.ae import ae
from keras_vae.zoo.beta_vae import beta_vae
from keras_vae.zoo.vae import vae

RECIPES: dict[str, Callable[..., Autoencoder]] = {"ae": ae, "beta_vae": beta_vae, "vae": vae}


def create(name: str, event_shape: tuple[int, ...], latent_dim: int, **options: Any) -> Autoencoder:
    """The recipe of this name, called.

    Args:
        name: a key of `RECIPES`.
        event_shape: shape of one example.
        latent_dim: length of the code.
        **options: of the recipe and its networks.

    Raises:
        InvalidInputError: for an unknown name or an option that the recipe does not take.
    """
    recipe = get(name, RECIPES, part="model")
    try:
        return recipe(event_shape, latent_dim, **options)
    except InvalidInputError:
        raise
    except (TypeError, ValueError) as error:
        raise InvalidInputError(f"model {name!r}: cannot use the options {options}: {error}.") from error


def describe() -> dict[str, str]:
    """Each recipe's name and first line."""
    return {name: inspect.getdoc(recipe).partition("\n")[0] for name, recipe in RECIPES.items()}


__all__ = ["RECIPES", "ae", "beta_vae", "create", "describe", "vae"]

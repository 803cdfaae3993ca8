"""Looks up recipes by name, in the zoo or in a user module."""

import importlib
import inspect
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any, Unpack

from keras_vae.errors import InvalidInputError, one_line, unknown
from keras_vae.models import Autoencoder
from keras_vae.zoo.parts import PARTS, Parts
from keras_vae.zoo.registry import RECIPES, Description, checked_recipe, without_effect


def get_recipe(name: str) -> Callable[..., Autoencoder]:
    """Returns the recipe of this name.

    Args:
        name: a key of `RECIPES`, or `"MODULE:FUNCTION"` for a recipe in an importable module: a function of
            `event_shape`, `latent_dim` and keyword options that returns an `Autoencoder`. It need not be registered.

    Raises:
        InvalidInputError: for an unknown name, a module that cannot be imported, or a missing function.

    Example:

    >>> get_recipe("keras_vae.zoo.variational:vae") is get_recipe("vae")
    True
    """
    if not isinstance(name, str) or ":" not in name:
        if not isinstance(name, str) or name not in RECIPES:
            raise InvalidInputError(unknown(name, RECIPES, part="model", command="keras-vae models"))
        return RECIPES[name]
    module_name, _, attribute = name.partition(":")
    if not (attribute.isidentifier() and all(word.isidentifier() for word in module_name.split("."))):
        raise InvalidInputError(f"model {name!r}: expected the name of a recipe, or MODULE:FUNCTION.")
    module = _imported(module_name, name)
    if not hasattr(module, attribute):
        functions = [own for own, value in vars(module).items() if inspect.isfunction(value) and own[0] != "_"]
        raise InvalidInputError(f"model {name!r}: {unknown(attribute, functions, part=f'function of {module_name}')}")
    function = getattr(module, attribute)
    if _description_of(function) is not None:
        return function
    if not callable(function):
        raise InvalidInputError(
            f"model {name!r}: expected a function of event_shape and latent_dim; got {one_line(repr(function))}."
        )
    return checked_recipe(function, name, inspect.signature(function))


def create(name: str, /, *arguments: Any, **options: Any) -> Autoencoder:
    """Calls the recipe of this name and returns its model.

    Args:
        name: see `get_recipe`.
        *arguments: `event_shape` and `latent_dim`, which may also be keyword arguments.
        **options: options of the recipe, its parts and its networks.

    Raises:
        InvalidInputError: for an unknown name or invalid options.

    Example:

    >>> create("vae", (8, 8, 1), 4, units=(32,)).latent_shape
    (4,)
    """
    return get_recipe(name)(*arguments, **options)


def takes(name: str, option: str) -> bool:
    """Returns whether a recipe takes an option: its own, a part, or an option of a network.

    An unregistered function with `**options` is assumed to pass them to `assemble`, and so to take all parts.

    Args:
        name: see `get_recipe`.
        option: name of the option.

    Example:

    >>> takes("beta_vae", "beta"), takes("vae", "beta"), takes("vae", "prior")
    (True, False, True)
    """
    parameters = inspect.signature(get_recipe(name)).parameters
    is_open = any(each.kind is each.VAR_KEYWORD for each in parameters.values())
    return option in parameters or (is_open and option in PARTS)


def has_effect(name: str, option: str, options: Mapping[str, Any]) -> bool:
    """Whether an option of a recipe has an effect beside other options, which may give the part that it is of.

    Args:
        name: see `get_recipe`.
        option: the name of an option that the recipe takes.
        options: the others.

    Example:

    >>> has_effect("masked_vae", "base", {}), has_effect("masked_vae", "base", {"likelihood": "normal"})
    (True, False)
    """
    description = _description_of(get_recipe(name))
    options_of = {} if description is None else description.options_of
    return not any(option in without_effect(names, options.get(part)) for part, names in options_of.items())


def has_own_likelihood(name: str) -> bool:
    """Returns whether a recipe sets its likelihood, so that the data must not select it.

    An unregistered recipe does, unless its signature has a `likelihood` or `**parts: Unpack[Parts]`: how it uses other
    `**options` is unknown.

    Args:
        name: see `get_recipe`.

    Example:

    >>> has_own_likelihood("count_vae"), has_own_likelihood("vae")
    (True, False)
    """
    function = get_recipe(name)
    description = _description_of(function)
    if description is not None:
        return description.own_likelihood
    parameters = inspect.signature(function, eval_str=True).parameters
    return "likelihood" not in parameters and all(each.annotation != Unpack[Parts] for each in parameters.values())


def _description_of(function: Callable[..., Any]) -> Description | None:
    """What `@recipe` knows of a function; None for one that is not registered, whatever attributes it has."""
    description = getattr(function, "description", None)
    return description if isinstance(description, Description) else None


def _imported(module_name: str, name: str) -> ModuleType:
    try:
        return importlib.import_module(module_name)
    except Exception as error:  # the module may raise anything
        raise InvalidInputError(
            f"model {name!r}: cannot import {module_name}: {type(error).__name__}: {one_line(error)}; "
            "the folder of a module must be on PYTHONPATH."
        ) from error

"""The registry of recipes: a decorator that describes a recipe and checks its arguments."""

import functools
import inspect
from collections.abc import Callable, Collection, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar, cast

from keras_vae.checks import check_event_shape, check_integer
from keras_vae.errors import InvalidInputError, one_line, unknown_option
from keras_vae.models import Autoencoder
from keras_vae.zoo.parts import PARTS

Recipe = TypeVar("Recipe", bound=Callable[..., Autoencoder])

RECIPES: dict[str, Callable[..., Autoencoder]] = {}
"""Name -> recipe, in the order of their registration; filled by `@recipe`."""


NOTHING: Mapping[str, Any] = MappingProxyType({})


class Description(NamedTuple):
    """The description of a recipe.

    Attributes:
        name: name of the recipe.
        family: family of recipes that change the same part of a plain VAE.
        paper: authors and year.
        url: address of the paper.
        summary: the first line of the docstring.
        own_likelihood: whether the recipe sets its likelihood, so that the data must not select it.
        options_of: the options that only affect the recipe's own parts, see `recipe`.

    Example:

    >>> RECIPES["vae"].description.paper
    'Kingma & Welling, 2014'
    """

    name: str
    family: str
    paper: str
    url: str
    summary: str
    own_likelihood: bool
    options_of: Mapping[str, Mapping[str, str]]


class _Own:
    """The default of a part in a signature: the part of the recipe."""

    def __repr__(self):
        return "<own>"


def recipe(
    *,
    family: str,
    paper: str,
    url: str,
    own_likelihood: bool = False,
    options_of: Mapping[str, Collection[str]] = NOTHING,
) -> Callable[[Recipe], Recipe]:
    """Registers a recipe: a function of `event_shape`, `latent_dim`, its own options and `**parts: Unpack[Parts]`.

    The decorator adds the paper to the docstring and every part to the signature. The recipe then checks the name and
    type of every option before it builds the model.

    Args:
        family: family of recipes that change the same part of a plain VAE.
        paper: authors and year.
        url: address of the paper.
        own_likelihood: whether the recipe sets its likelihood, so that the data must not select it.
        options_of: part -> the options that only affect the recipe's own part, such as `{"objective": ("beta",)}`. They
            are rejected if the user sets that part, because they would have no effect. If the part may also be a
            mapping of options without a name, which changes the recipe's own part, give a mapping of the options to
            the part's names for them, such as `{"prior": {"stage_units": "units"}}`. Such an option is rejected only
            if both set it.

    Raises:
        InvalidInputError: if another module has registered a recipe of this name.

    Example:

    >>> describe()[0].name, describe()[0].paper
    ('ae', 'Hinton & Salakhutdinov, 2006')
    >>> vae((8, 8, 1), latent_dims=3)
    Traceback (most recent call last):
    keras_vae.errors.InvalidInputError: zoo.vae: unknown option 'latent_dims'; did you mean 'latent_dim'?
    """

    def register(function: Recipe) -> Recipe:
        name = function.__name__
        if name in RECIPES and RECIPES[name].__module__ != function.__module__:
            raise InvalidInputError(
                f"recipe {name!r}: {RECIPES[name].__module__} has a recipe of this name; choose another name."
            )
        signature = _with_parts(inspect.signature(function))
        names = {part: _names_of(own) for part, own in options_of.items()}
        for word in [*names, *(option for own in names.values() for option in own)]:
            if word not in signature.parameters:
                raise InvalidInputError(unknown_option(word, signature.parameters, part=f"recipe {name!r}: options_of"))
        checked = checked_recipe(function, f"zoo.{name}", signature, names)
        summary = (inspect.getdoc(function) or "").partition("\n")[0]
        checked.__doc__ = f"{(function.__doc__ or '').rstrip()}\n\n    Reference: {paper}, {url}\n    "
        checked.description = Description(name, family, paper, url, summary, own_likelihood, names)
        RECIPES[name] = checked
        return cast(Recipe, checked)  # the same arguments and result as the function

    return register


def describe() -> list[Description]:
    """Returns the descriptions of all recipes, grouped by family.

    Example:

    >>> [recipe.name for recipe in describe()][:3]
    ['ae', 'denoising_ae', 'sparse_ae']
    """
    families: dict[str, list[Description]] = {}
    for each in RECIPES.values():
        families.setdefault(each.description.family, []).append(each.description)
    return [description for family in families.values() for description in family]


def label_of(name: str) -> str:
    """Returns the name of a recipe in messages: `zoo.NAME` if it is registered."""
    return f"zoo.{name}" if name in RECIPES else name


def checked_recipe(
    function: Callable[..., Any],
    label: str,
    signature: inspect.Signature,
    options_of: Mapping[str, Mapping[str, str]] = NOTHING,
) -> Callable[..., Autoencoder]:
    """Wraps `function` with this signature and one-line errors for invalid arguments.

    Args:
        function: a function of an event shape, the latent dimension and options.
        label: its name in messages.
        signature: its arguments.
        options_of: see `Description`.
    """

    @functools.wraps(function)
    def checked(*arguments, **options):
        bound = _bound(label, signature, arguments, options)
        _check_options_of(label, options_of, options)
        try:
            model = function(*bound.args, **bound.kwargs)
        except InvalidInputError:
            raise
        except (TypeError, ValueError) as error:
            raise InvalidInputError(f"{label}: cannot use the options {options}: {one_line(error)}.") from error
        if not isinstance(model, Autoencoder):
            raise InvalidInputError(f"{label}: expected it to return an Autoencoder; got {type(model).__name__}.")
        return model

    vars(checked)["__signature__"] = signature
    return checked


def check_shape(label: str, event_shape: Any) -> tuple[int, ...]:
    """Returns `event_shape` as a tuple of integers; raises `InvalidInputError`, with part `label`, if it is invalid."""
    if not isinstance(event_shape, tuple | list):
        raise InvalidInputError(
            f"{label}: event_shape must be a tuple of positive integers, such as (16,) or (28, 28, 1); "
            f"got {event_shape!r}."
        )
    return check_event_shape(label, event_shape)


def _with_parts(signature: inspect.Signature) -> inspect.Signature:
    """Returns the signature with `**parts` replaced by the names of `Parts`."""
    parameters = [each for each in signature.parameters.values() if each.kind is not each.VAR_KEYWORD]
    if len(parameters) < len(signature.parameters):
        own = {each.name for each in parameters}
        parameters += [
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=_Own(), annotation=annotation)
            for name, annotation in PARTS.items()
            if name not in own
        ]
    return signature.replace(parameters=parameters)


def _names_of(options: Collection[str]) -> dict[str, str]:
    """The names that a part has for the options of a recipe, which may be the same."""
    return dict(options) if isinstance(options, Mapping) else {option: option for option in options}


def without_effect(options_of: Mapping[str, str], part: Any) -> list[str]:
    """The options of a recipe's own part, see `Description`, that have no effect beside what is given as `part`.

    Example:

    >>> names = {"stage_units": "units"}
    >>> without_effect(names, None), without_effect(names, {"samples": 2}), without_effect(names, "standard_normal")
    ([], [], ['stage_units'])
    """
    if part is None:
        return []
    changes_own = isinstance(part, Mapping) and "name" not in part
    return [option for option, name in options_of.items() if not changes_own or name in part]


def _check_options_of(label: str, options_of: Mapping[str, Mapping[str, str]], options: Mapping) -> None:
    """Raises `InvalidInputError` if options beside a part of the user's would have no effect."""
    for part, names in options_of.items():
        useless = [option for option in without_effect(names, options.get(part)) if options.get(option) is not None]
        if useless:
            raise InvalidInputError(
                f"{label}: {', '.join(useless)} would have no effect beside {part}; put it into the {part}, or leave "
                "out one of the two."
            )


def _bound(label: str, signature: inspect.Signature, arguments: tuple, options: Mapping) -> inspect.BoundArguments:
    """Binds the arguments to the signature; raises `InvalidInputError` for unknown or repeated arguments."""
    parameters = signature.parameters.values()
    positional = [each.name for each in parameters if each.kind is each.POSITIONAL_OR_KEYWORD]
    is_open = any(each.kind is each.VAR_KEYWORD for each in parameters)
    for option in options:
        if not is_open and option not in signature.parameters:
            raise InvalidInputError(unknown_option(option, signature.parameters, part=label))
    if len(arguments) > len(positional):
        raise InvalidInputError(
            f"{label}: expected {' and '.join(positional) or 'nothing'} by position and all else by name, such as "
            f"seed=0; got {len(arguments)} values by position."
        )
    for name in positional[: len(arguments)]:
        if name in options:
            raise InvalidInputError(f"{label}: got {name} by position and by name; give it once.")
    by_name = {*positional[: len(arguments)], *options}
    for each in parameters:
        if each.default is each.empty and each.kind is not each.VAR_KEYWORD and each.name not in by_name:
            raise InvalidInputError(f"{label}: {each.name} is missing; give a value.")
    bound = signature.bind(*arguments, **options)
    if "event_shape" in bound.arguments:
        bound.arguments["event_shape"] = check_shape(label, bound.arguments["event_shape"])
    if "latent_dim" in bound.arguments:
        bound.arguments["latent_dim"] = check_integer(f"{label}: latent_dim", bound.arguments["latent_dim"])
    return bound

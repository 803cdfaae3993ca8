"""Parses `PART.OPTION=VALUE` on the command line."""

import contextlib
import json
from typing import Any

from keras_vae.errors import InvalidInputError

PARTS = ("posterior", "likelihood", "prior", "corruption", "augmentation", "critic", "optimizer")
PLAIN = ("model", "objective", "network")
"""Parts whose options are options of the recipe or the networks."""

NAMED = ("posterior", "likelihood", "prior", "corruption")
"""Parts that a name alone selects."""

PYTHON = {"True": "true", "False": "false", "None": "null"}
"""The values that JSON writes in another way than Python."""


def parse_settings(pairs: list[str]) -> dict[str, Any]:
    """Parses pairs `PART.OPTION=VALUE`, or `OPTION=VALUE` for the recipe and its networks, to a nested mapping.

    VALUE is parsed as JSON, or True, False or None; another value is a string.

    Raises:
        InvalidInputError: if a pair has no name or equals sign, if the part is unknown, or if two pairs contradict each
            other.

    Example:

    >>> parse_settings(["units=[64,32]", "network.activation=tanh", "prior.name=mixture", "prior.components=20"])
    {'units': [64, 32], 'activation': 'tanh', 'prior': {'name': 'mixture', 'components': 20}}
    >>> parse_settings(["linear_skip=False"])
    {'linear_skip': False}
    """
    settings: dict[str, Any] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        part, dot, option = name.rpartition(".")
        if not (option.isidentifier() and equals) or (dot and part not in (*PARTS, *PLAIN)):
            raise InvalidInputError(
                f"--set: expected OPTION=VALUE or PART.OPTION=VALUE with a part among {', '.join((*PARTS, *PLAIN))}, "
                f"such as units=[200,200] or prior.components=20; got {pair!r}."
            )
        with contextlib.suppress(ValueError):  # a value that is not JSON is a string
            value = json.loads(PYTHON.get(value, value))
        if part in PARTS:
            option, value = part, {option: value}
        elif option in NAMED and isinstance(value, str):
            value = {"name": value}
        settings[option] = _both(settings[option], value, option) if option in settings else value
    return settings


def _both(before: Any, value: Any, name: str) -> Any:
    """Returns the options of two pairs for one part; raises `InvalidInputError` if they contradict each other."""
    if isinstance(before, dict) and isinstance(value, dict):
        shared = {
            option: _both(before[option], value[option], f"{name}.{option}") for option in before if option in value
        }
        return {**before, **value, **shared}
    if before != value:
        raise InvalidInputError(
            f"--set {name}: expected one value, got {json.dumps(before)} and {json.dumps(value)}; drop one of the two."
        )
    return value


def check_given_once(settings: dict[str, Any], options: dict[str, Any]) -> None:
    """Raises `InvalidInputError` for an option of its own, such as `--beta`, that `--set` sets, too.

    Args:
        settings: the settings of `--set`, see `parse_settings`.
        options: name -> value of the options of their own.
    """
    for name in options:
        if name in settings:
            raise InvalidInputError(f"--{name.replace('_', '-')} and --set {name}: expected one of the two; drop one.")


def names_of(settings: dict[str, Any]) -> list[str]:
    """Returns the names in settings of `parse_settings`, as `PART.OPTION` within a part.

    Example:

    >>> names_of({"beta": 2, "prior": {"name": "vamp"}})
    ['beta', 'prior', 'prior.name']
    """
    return [
        each
        for name, value in settings.items()
        for each in (
            name,
            *(f"{name}.{option}" for option in (value if name in PARTS and isinstance(value, dict) else ())),
        )
    ]


def merged(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Returns `base` with the options of `changes`, merged per part."""
    both = {**base, **changes}
    base = {name: {"name": one} if name in NAMED and isinstance(one, str) else one for name, one in base.items()}
    for name in set(base) & set(changes):
        if isinstance(base[name], dict) and isinstance(changes[name], dict):
            both[name] = {**base[name], **changes[name]}
    return both

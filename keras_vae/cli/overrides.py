"""`PART.OPTION=VALUE` on the command line."""

import contextlib
import json
from typing import Any

from keras_vae.errors import InvalidInputError

PARTS = ("posterior", "likelihood", "prior", "corruption", "critic", "optimizer")
PLAIN = ("model", "objective", "network")
"""Parts whose options are the recipe's or the networks' own."""


def parse_settings(pairs: list[str]) -> dict[str, Any]:
    """Pairs `PART.OPTION=VALUE`, or `OPTION=VALUE` of the recipe and its networks, as a nested mapping.

    VALUE is JSON where it can be read as such, else a string.

    Raises:
        InvalidInputError: for a pair without a name or an equals sign, or an unknown part.

    Example:

    >>> parse_settings(["units=[64,32]", "network.activation=tanh", "prior.name=mixture", "prior.components=20"])
    {'units': [64, 32], 'activation': 'tanh', 'prior': {'name': 'mixture', 'components': 20}}
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
        with contextlib.suppress(ValueError):  # what is no JSON is a plain string
            value = json.loads(value)
        if part in PARTS:
            settings.setdefault(part, {})[option] = value
        else:
            settings[option] = value
    return settings


def merged(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """`base` with `changes`, part by part."""
    both = {**base, **changes}
    for name in set(base) & set(changes):
        if isinstance(base[name], dict) and isinstance(changes[name], dict):
            both[name] = {**base[name], **changes[name]}
    return both

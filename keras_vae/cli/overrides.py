"""Parses `PART.OPTION=VALUE` on the command line."""

import contextlib
import json
from typing import Any

from keras_vae.errors import InvalidInputError

PARTS = ("posterior", "likelihood", "prior", "corruption", "augmentation", "critic", "optimizer")
PLAIN = ("model", "objective", "network")
"""Parts whose options are options of the recipe or the networks."""

PYTHON = {"True": "true", "False": "false", "None": "null"}
"""The values that JSON writes in another way than Python."""


def parse_settings(pairs: list[str]) -> dict[str, Any]:
    """Parses pairs `PART.OPTION=VALUE`, or `OPTION=VALUE` for the recipe and its networks, to a nested mapping.

    VALUE is parsed as JSON, or True, False or None; another value is a string.

    Raises:
        InvalidInputError: if a pair has no name or equals sign, or if the part is unknown.

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
            settings.setdefault(part, {})[option] = value
        else:
            settings[option] = value
    return settings


def merged(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Returns `base` with the options of `changes`, merged per part."""
    both = {**base, **changes}
    for name in set(base) & set(changes):
        if isinstance(base[name], dict) and isinstance(changes[name], dict):
            both[name] = {**base[name], **changes[name]}
    return both

"""`NAME=VALUE` on the command line."""

import json
from typing import Any

from keras_vae.errors import InvalidInputError


def parse_options(pairs: list[str]) -> dict[str, Any]:
    """Pairs `NAME=VALUE` as a mapping; VALUE is JSON where it can be read as such, else a string.

    Raises:
        InvalidInputError: for a pair without a name or an equals sign.

    Example:

    >>> parse_options(["units=[64,32]", "activation=tanh"])
    {'units': [64, 32], 'activation': 'tanh'}
    """
    options = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not (name.isidentifier() and equals):
            raise InvalidInputError(f"--option: expected NAME=VALUE, such as units=[200,200]; got {pair!r}.")
        try:
            options[name] = json.loads(value)
        except ValueError:
            options[name] = value
    return options

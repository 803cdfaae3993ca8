"""What the optional dependencies bring, or one line that says how to get them."""

import importlib
import importlib.util
from types import ModuleType

from keras_vae.errors import InvalidInputError


def need(module: str, *, extra: str = "serving") -> ModuleType:
    """The module, imported.

    Raises:
        InvalidInputError: if it, or something that it needs, is not installed.

    Example:

    >>> need("json").__name__
    'json'
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise InvalidInputError(
            f"{error.name}: it is not installed; install it with: pip install 'keras_vae[{extra}]'"
        ) from error


def is_installed(module: str) -> bool:
    """Whether there is such a module; it is not imported.

    Example:

    >>> is_installed("json")
    True
    """
    return importlib.util.find_spec(module) is not None

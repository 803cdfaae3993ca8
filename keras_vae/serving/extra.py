"""Imports optional dependencies, with a one-line error that shows how to install them."""

import importlib
import importlib.util
from types import ModuleType

from keras_vae.errors import InvalidInputError

SERVER = ("tensorflow_serving.apis", "grpc", "starlette", "uvicorn", "httptools", "orjson", "prometheus_client")
"""The modules that the local server imports, beside those that keras_vae always installs."""


def need(module: str, *, extra: str = "serving") -> ModuleType:
    """Imports an optional module.

    Args:
        module: name of the module.
        extra: the extra of keras_vae that installs the module.

    Raises:
        InvalidInputError: if the module or one of its dependencies is not installed.

    Example:

    >>> need("json").__name__
    'json'
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise InvalidInputError(
            f"{error.name}: expected this package, but it is not installed; run: pip install 'keras_vae[{extra}]'"
        ) from error


def need_server() -> None:
    """Checks that the modules of the local server can be imported, before those of keras_vae that import them.

    Raises:
        InvalidInputError: if one is not installed.
    """
    for module in SERVER:
        need(module)


def is_installed(module: str) -> bool:
    """Returns whether a module is installed, without importing it.

    Example:

    >>> is_installed("json")
    True
    """
    return importlib.util.find_spec(module) is not None

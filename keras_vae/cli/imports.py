"""`--import`: modules of one's own, whose classes and recipes are to be known before a model is built or loaded."""

import functools
import importlib
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import typer

from keras_vae.cli.settings import Command, settings_of
from keras_vae.errors import InvalidInputError, one_line
from keras_vae.training.config import TrainingConfig


def imports_first(source: str) -> Callable[[Command], Command]:
    """Gives a command the option `--import`; without it, what the configurations of its runs name is imported.

    Args:
        source: the parameter of the command with the run folder or model file, or with several of them.
    """

    def decorate(command):
        @settings_of(TrainingConfig, "imports")
        @functools.wraps(command)
        def importing(settings: dict[str, Any], **arguments: Any) -> None:
            if settings:
                import_modules(settings["imports"])
            else:
                sources = arguments[source]
                for path in sources if isinstance(sources, list) else [sources]:
                    _import_as_recorded(path)
            command(**arguments)

        return importing

    return decorate


def _import_as_recorded(source: Path) -> None:
    if (path := source / "config.json").is_file():
        import_recorded(TrainingConfig.read(path), path)


def import_recorded(config: TrainingConfig, path: Path) -> None:
    """Imports the modules that a configuration names, and prints their names, since that runs their code.

    Args:
        config: the configuration.
        path: where it was read.
    """
    if names := config.modules:
        typer.echo(f"Importing {', '.join(names)}, as {path} says.", err=True)
        import_modules(names, part=f"{path}: module ")


def import_modules(names: Sequence[str], *, part: str = "--import ") -> None:
    """Imports modules, from the current folder too, as `python -m` does.

    Args:
        names: of the modules.
        part: what names them, for messages.

    Raises:
        InvalidInputError: if there is no such module, or its code raises.
    """
    if not names:
        return
    import keras  # noqa: F401, with which the parts of keras_vae are registered, that modules build on

    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    for name in names:
        if name.endswith(".py") or not all(map(str.isidentifier, name.split("."))):
            raise InvalidInputError(f"{part}{name}: expected the name of a module, such as my_module; no path, no .py.")
        try:
            importlib.import_module(name)
        except (Exception, SystemExit) as error:  # whatever the code of others raises
            missing = isinstance(error, ModuleNotFoundError) and f"{name}.".startswith(f"{error.name}.")
            reason = (
                f"no module of this name in {os.getcwd()} or among those installed; start where it is, or install it"
                if missing
                else f"it cannot be imported ({type(error).__name__}: {one_line(error)})"
            )
            raise InvalidInputError(f"{part}{name}: {reason}.") from error

"""`--import`: modules of the user, which register classes and recipes before a model is built or loaded."""

import functools
import importlib
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import typer

from keras_vae.cli.preset_option import preset_instead_of
from keras_vae.cli.settings import Command, settings_of
from keras_vae.errors import InvalidInputError, one_line
from keras_vae.training.config import TrainingConfig


def imports_first(source: str) -> Callable[[Command], Command]:
    """Adds the option `--import` to a command. By default, the modules in the configurations of its runs are imported.

    Adds the option `--preset`, too, see `preset_instead_of`.

    Args:
        source: the parameter of the command with one or more run folders or model files.
    """

    def decorate(command):
        @preset_instead_of(source)
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
    """Imports the modules that a configuration names. Prints their names, since an import runs their code.

    Args:
        config: the configuration.
        path: path of the configuration.
    """
    if names := config.modules:
        typer.echo(f"Importing {', '.join(names)}, as {path} says.", err=True)
        import_modules(names, part=f"{path}: module ")


def import_modules(names: Sequence[str], *, part: str = "--import ") -> None:
    """Imports modules, also from the current folder, as `python -m` does.

    Args:
        names: names of the modules.
        part: the source of the names, for messages.

    Raises:
        InvalidInputError: if a module does not exist, or its code raises an error.
    """
    if not names:
        return
    import keras  # noqa: F401, registers the parts of keras_vae, on which modules depend

    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    for name in names:
        if name.endswith(".py") or not all(map(str.isidentifier, name.split("."))):
            raise InvalidInputError(f"{part}{name}: expected the name of a module, such as my_module; no path, no .py.")
        try:
            importlib.import_module(name)
        except (Exception, SystemExit) as error:  # the code of users may raise any error
            missing = isinstance(error, ModuleNotFoundError) and f"{name}.".startswith(f"{error.name}.")
            reason = (
                f"no module of this name in {os.getcwd()} or among those installed; start where it is, or install it"
                if missing
                else f"it cannot be imported ({type(error).__name__}: {one_line(error)})"
            )
            raise InvalidInputError(f"{part}{name}: {reason}.") from error

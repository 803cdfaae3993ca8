"""Completion of values in the shell: recipes, data sets, presets and run folders.

The names of recipes and data sets are read from the source code, since importing them takes seconds. Where nothing is
found, the shell completes names of files.
"""

import ast
import glob
import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar, get_args

from typer.models import ArgumentInfo, OptionInfo

from keras_vae.presets.folder import saved_presets

Command = TypeVar("Command", bound=Callable[..., None])

PACKAGE = Path(__file__).parents[1]
RUN, RUNS = "config.json", "runs"
"""The file of a folder that makes it a run, and the folder of runs by default."""


def recipes(incomplete: str) -> list[str]:
    """Returns the names of the recipes that start with `incomplete`.

    Example:

    >>> recipes("beta_")
    ['beta_tc_vae', 'beta_vae']
    """
    names = (name for path in PACKAGE.glob("zoo/*.py") for name in _recipes_in(path))
    return sorted(name for name in names if name.startswith(incomplete))


def data_sets(incomplete: str) -> list[str]:
    """Returns the names of the data sets that start with `incomplete`.

    Example:

    >>> data_sets("mn")
    ['mnist']
    """
    (names,) = (
        ast.literal_eval(node.value)
        for node in _nodes(PACKAGE / "data" / "names.py")
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict)
    )
    return [name for name in names if name.startswith(incomplete)]


def presets(incomplete: str) -> list[str]:
    """Returns the names of the installed presets that start with `incomplete`.

    Example:

    >>> presets("vae_d")
    ['vae_digits']
    """
    found = saved_presets().glob("*/preset.json")
    return sorted(path.parent.name for path in found if path.parent.name.startswith(incomplete))


def runs(incomplete: str) -> list[str]:
    """Returns the run folders and `.keras` files that start with `incomplete`, also those in `runs`."""
    start = glob.escape(incomplete)
    found = [path.removesuffix(f"/{RUN}") for path in glob.glob(f"{start}*/{RUN}")] + glob.glob(f"{start}*.keras")
    if "/" not in incomplete:
        inside = (path.removesuffix(f"/{RUN}") for path in glob.glob(f"{RUNS}/*/{RUN}"))
        found += [path for path in inside if path.startswith(incomplete)]
    return sorted(found)


def _nodes(path: Path) -> list[ast.stmt]:
    return ast.parse(path.read_text(encoding="utf-8")).body


def _recipes_in(path: Path) -> Iterator[str]:
    for node in _nodes(path):
        if isinstance(node, ast.FunctionDef):
            decorators = [each.func for each in node.decorator_list if isinstance(each, ast.Call)]
            if any(isinstance(each, ast.Name) and each.id == "recipe" for each in decorators):
                yield node.name


OF_SETTINGS = {"model": recipes, "data": data_sets, "init_from": runs}
"""Name of a field of a configuration -> its completion."""
OF_OPTIONS = {"data": data_sets, "reference": data_sets, "among": data_sets, "preset": presets}
OF_ARGUMENTS = {"run": runs, "runs": runs, "model": runs, "source": data_sets}
"""Name of a parameter of a command -> its completion."""


def with_completion(command: Command) -> Command:
    """Adds the completions to the options and arguments of a command, which it returns."""
    for name, parameter in inspect.signature(command).parameters.items():
        for info in get_args(parameter.annotation):
            if isinstance(info, OptionInfo) and name in OF_OPTIONS:
                info.autocompletion = OF_OPTIONS[name]
            elif isinstance(info, ArgumentInfo) and name in OF_ARGUMENTS:
                info.autocompletion = OF_ARGUMENTS[name]
    return command

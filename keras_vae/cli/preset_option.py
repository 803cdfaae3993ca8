"""`--preset`: a trained model by name, in place of a run."""

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin

import typer
from typer.models import ArgumentInfo

from keras_vae.cli.settings import Command, with_parameters
from keras_vae.errors import InvalidInputError

Preset = Annotated[
    str | None,
    typer.Option(
        help="Preset in place of the run: a name of `keras-vae presets`, a folder, or hf://USER/REPO.",
        show_default=False,
    ),
]


def preset_instead_of(source: str) -> Callable[[Command], Command]:
    """Adds the option `--preset` to a command, which then gets the path of the preset's model file.

    Args:
        source: the parameter of the command with a run folder or model file. A list of runs is left as it is.
    """

    def decorate(command: Command) -> Command:
        parameters = inspect.signature(command).parameters
        if get_origin(get_args(parameters[source].annotation)[0]) is list:
            return command
        positional = [name for name, one in parameters.items() if _is_argument(one)]

        def run(arguments: dict[str, Any]) -> None:
            preset = arguments.pop("preset")
            if preset is None and arguments[source] is None:
                raise InvalidInputError(f"{source.upper()} and --preset: expected one of the two; give one.")
            if preset is not None:
                _shift(arguments, positional)
                from keras_vae.presets import find_preset

                arguments[source] = find_preset(preset).model_file()
            command(**arguments)

        added = inspect.Parameter("preset", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Preset)
        wrapped = with_parameters(command, run, {"preset": added})
        optional = [
            one.replace(default=None) if name == source else one
            for name, one in inspect.signature(wrapped).parameters.items()
        ]
        vars(wrapped)["__signature__"] = inspect.Signature(optional)
        return wrapped

    return decorate


def _is_argument(parameter: inspect.Parameter) -> bool:
    return any(isinstance(one, ArgumentInfo) for one in get_args(parameter.annotation))


def _shift(arguments: dict[str, Any], positional: list[str]) -> None:
    """Moves the positional arguments by one place, since the first of them is not the run."""
    *values, last = (arguments[name] for name in positional)
    if last is not None:
        raise InvalidInputError(f"{positional[0].upper()} and --preset: expected one of the two; drop one.")
    arguments.update(zip(positional, [None, *values], strict=True))


def report_path(source: Path) -> Path:
    """Returns the path, without suffix, of a report on a model file: beside it, or of a preset in this folder."""
    from keras_vae.presets.preset import name_of_preset

    name = name_of_preset(source)
    return source.with_name(f"{source.stem}-evaluation") if name is None else Path(f"{name}-evaluation")


def name_of_source(source: Path) -> str:
    """Returns a name for the model of a run folder or model file."""
    from keras_vae.presets.preset import name_of_preset

    return name_of_preset(source) or source.name.removesuffix(".keras")

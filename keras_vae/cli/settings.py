"""Command line options for the fields of a configuration, with help from its docstring."""

import dataclasses
import functools
import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from types import NoneType, UnionType
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import typer

from keras_vae.cli import completion
from keras_vae.errors import InvalidInputError
from keras_vae.text import split_names

Command = Callable[..., None]


def settings_of(
    configuration: type, *names: str, without: Sequence[str] = (), panel: str | None = None
) -> Callable[[Command], Command]:
    """Replaces the parameter `settings` of a command by options. The command receives those that the user has set.

    There is an option for each field, except mappings. Its help is the first sentence of the field's entry in the
    docstring of the configuration. The values of a list or tuple are separated by commas, see `text.split_names`.
    `metadata={"option": "--name"}` of a field sets the name of its option, and `metadata={"hint": "..."}` extends its
    help.

    Args:
        configuration: a dataclass.
        names: names of the fields; by default all.
        without: names of fields to leave out.
        panel: title of the group of options in the help.
    """
    fields = {field.name: field for field in dataclasses.fields(configuration)}
    hints, texts = _hints(configuration), first_sentences(configuration)
    kinds = {name: _kinds(hints[name]) for name in names or fields if name not in without}
    kinds = {name: those for name, those in kinds.items() if dict not in those}
    added = {name: _parameter(fields[name], those, texts[name], panel) for name, those in kinds.items()}
    context = inspect.Parameter("context", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context)

    def decorate(command: Command) -> Command:
        is_shared = "context" in inspect.signature(command).parameters  # if this decorator is applied twice

        def with_settings(arguments: dict[str, Any]) -> None:
            context = arguments["context"] if is_shared else arguments.pop("context")
            values = {name: arguments.pop(name) for name in added}
            settings = {
                name: _read(value, kinds[name], option_of(fields[name]))
                for name, value in values.items()
                if context.get_parameter_source(name).name != "DEFAULT"
            }
            command(**arguments, settings=settings)

        return with_parameters(command, with_settings, {**added, "context": context}, instead_of="settings")

    return decorate


def with_parameters(
    command: Command,
    run: Callable[[dict[str, Any]], None],
    added: Mapping[str, inspect.Parameter],
    *,
    instead_of: str | None = None,
) -> Command:
    """Returns a command that calls `run` with all arguments; `added` replaces `instead_of` or is at the end."""
    parameters = {}
    for name, parameter in inspect.signature(command).parameters.items():
        parameters |= added if name == instead_of else {name: parameter}
    parameters |= added

    @functools.wraps(command)
    def wrapped(**arguments: Any) -> None:
        run(arguments)

    keyword = inspect.Parameter.KEYWORD_ONLY
    signature = inspect.Signature([each.replace(kind=keyword) for each in parameters.values()])
    vars(wrapped)["__signature__"] = signature
    wrapped.__annotations__ = {name: parameter.annotation for name, parameter in parameters.items()}
    return wrapped


def option_of(field: dataclasses.Field) -> str:
    """Returns the name of the option of a field."""
    return field.metadata.get("option", f"--{field.name.replace('_', '-')}")


_hints = functools.cache(get_type_hints)


@functools.cache
def first_sentences(configuration: type) -> dict[str, str]:
    """Returns field -> first sentence of its entry in the docstring of the class.

    Example:

    >>> from keras_vae.training import TrainingConfig
    >>> first_sentences(TrainingConfig)["epochs"]
    'Number of passes over the training split; by default 60, or fewer with more than 10,000 training examples.'
    """
    entries = (inspect.getdoc(configuration) or "").partition("\nAttributes:\n")[2].partition("\n\n")[0]
    texts = re.findall(r"^    (\w+): (.*(?:\n     .*)*)", entries, re.MULTILINE)
    return {name: _sentence(" ".join(text.split())) for name, text in texts}


def _sentence(text: str) -> str:
    first = re.split(r"(?<=\.) (?=[A-Z`])", text)[0].rstrip(".")
    return re.sub(r'`"(.*?)"`', r"\1", first[0].upper() + first[1:]) + "."


def _kinds(hint: Any) -> set[type]:
    """Returns the possible types of a value, without the types of its items."""
    members = get_args(hint) if isinstance(hint, UnionType) else (hint,)
    return {get_origin(each) or each for each in members} - {NoneType}


def _parameter(field: dataclasses.Field, kinds: set[type], text: str, panel: str | None) -> inspect.Parameter:
    text = " ".join([text, *([field.metadata["hint"]] if "hint" in field.metadata else [])])
    default = None if field.default is dataclasses.MISSING else field.default
    flags = [option_of(field)] if bool not in kinds else [f"{option_of(field)}/--no-{option_of(field)[2:]}"]
    if list in kinds:
        kind, metavar = list[str], "NAME,..."
    elif tuple in kinds:
        kind, metavar = str, "N,..."
    else:
        kind, metavar = next(each for each in (bool, float, str, int) if each in kinds), None
    if isinstance(default, tuple):
        default = ",".join(map(str, default))
    elif bool in kinds and isinstance(default, str):  # such as "auto", which a flag cannot show
        text, default = f"{text} By default {default}.", None
    complete = completion.OF_SETTINGS.get(field.name)
    option = typer.Option(*flags, help=text, metavar=metavar, rich_help_panel=panel, autocompletion=complete)
    return inspect.Parameter(
        field.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[kind | None, option]
    )


def integers_of(option: str, text: str) -> tuple[int, ...]:
    """Returns the integers of a text such as `"8,16"`; raises `InvalidInputError` for another text."""
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise InvalidInputError(f"{option}: expected integers, such as 8,16; got {text!r}.") from None


def _read(value: Any, kinds: set[type], option: str) -> Any:
    """Converts a value of the command line to the type of the field."""
    if list in kinds:
        return [name for text in value for name in split_names(option, text)]
    if tuple in kinds:
        numbers = integers_of(option, value)
        return numbers[0] if int in kinds and len(numbers) == 1 else numbers
    if {int, float} <= kinds and value.is_integer():
        return int(value)
    return value

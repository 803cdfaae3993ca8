"""One-line messages for an unknown option, a missing argument, a wrong value and other errors of the parser."""

import contextlib
import difflib
import re
from typing import Any

import typer

from keras_vae.checks import check_number
from keras_vae.errors import InvalidInputError, one_line

UsageError: type[Exception] = typer.BadParameter.__bases__[0]
"""The error of the parser. It belongs to Click or to Typer, depending on the version of Typer."""

NUMBERS = ("int", "float", "greater", "less")
"""How the types of Pydantic's errors for numbers begin."""


def message_of(error: Any) -> str:
    """Returns the message for a `UsageError`: the command, the option or argument, expected, got, and what to do.

    The classes of the errors have no public names in all versions of Typer, so they are known by their own names.
    """
    path = error.ctx.command_path.split(maxsplit=1) if error.ctx else []
    part = f"{path[1]}: " if len(path) > 1 else ""
    more = f"see `{error.ctx.command_path} --help`." if error.ctx else ""
    kind = type(error).__name__
    if kind == "NoSuchOption":
        return part + _unknown_option(error, more)
    if kind == "MissingParameter":
        text = getattr(error.param, "help", None) or ""
        about = f" ({text[0].lower() + text[1:].rstrip('.')})" if text else ""
        return f"{part}{_name_of(error.param)} is missing{about}; {more}"
    if kind == "BadOptionUsage":
        takes_none = "not take" in error.message
        wanted = "no value; leave out the = and what is behind it" if takes_none else "a value, got nothing"
        return f"{part}{error.option_name}: expected {wanted}."
    if kind == "BadParameter" and error.param is not None:
        return _bad_value(error, part + _name_of(error.param), more)
    extra = re.search(r"unexpected extra argument\S* \((.*)\)", error.message)
    if extra and error.ctx:
        return f"{part}unexpected argument {extra[1]!r}; {_remedy(error.ctx, extra[1])}{more}"
    return f"{part}{one_line(error.format_message())}{'; ' if more else '.'}{more}"


def _unknown_option(error: Any, more: str) -> str:
    option, context = error.option_name, error.ctx
    own = _options_of(context.command, context)
    if near := difflib.get_close_matches(option.lstrip("-"), [each.lstrip("-") for each in own], n=1):
        return f"unknown option {option!r}; did you mean '--{near[0]}'?"
    commands = getattr(context.command, "commands", {})
    if owners := [name for name, command in commands.items() if option in _options_of(command, context)]:
        return f"{option} belongs behind the command, such as `{context.command_path} {owners[0]} {option}`; {more}"
    hint = ""
    if "--set" in own and option.startswith("--"):
        hint = f"an option of the recipe or of a part is set by `--set {option[2:].replace('-', '_')}=VALUE`; "
    return f"unknown option {option!r}; {hint}{more}"


def _options_of(command: Any, context: Any) -> list[str]:
    return [
        name for each in command.get_params(context) for name in (*each.opts, *each.secondary_opts) if name[0] == "-"
    ]


def _bad_value(error: Any, name: str, more: str) -> str:
    """Says what is wrong with a value, as `check_number` does for numbers."""
    problem = _problem_of(error)
    if str(problem.get("type", "")).startswith(NUMBERS):
        low, high = getattr(error.param, "min", None), getattr(error.param, "max", None)
        bounds = {name: bound for name, bound in (("least", low), ("most", high)) if bound is not None}
        descriptor = getattr(error.param, "type_descriptor", None)
        try:
            check_number(
                name, _number(problem["input"]), integer=getattr(descriptor, "annotation", None) is int, **bounds
            )
        except InvalidInputError as refusal:
            return str(refusal)
    return f"{name}: {one_line(error.message)}{'; ' if more else '.'}{more}"


def _problem_of(error: Any) -> dict[str, Any]:
    """Returns Pydantic's description of the invalid value, if it is what Typer parses with."""
    cause: Any = error.__cause__
    return cause.errors()[0] if hasattr(cause, "errors") else {}


def _number(value: Any) -> Any:
    for kind in (int, float):
        with contextlib.suppress(TypeError, ValueError):  # not a number: the message quotes it
            return kind(value)
    return value


def _remedy(context: Any, extra: str) -> str:
    options = _options_of(context.command, context)
    if "=" in extra and "--set" in options:
        return f"did you mean `--set {extra.split()[0]}`? Each needs its own --set; "
    if "--data" in options and " " not in extra:
        return f"did you mean `--data {extra}`? For more "
    return ""


def _name_of(parameter: Any) -> str:
    """Returns the longest name of an option, or the name of an argument in capitals."""
    if parameter.param_type_name == "argument":
        return parameter.name.upper()
    return max(parameter.opts, key=len)

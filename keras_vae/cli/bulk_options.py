"""Options of bulk inference, for commands that write their answers to a folder with `keras_vae.bulk`."""

import inspect
import shlex
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from keras_vae.cli.settings import Command, with_parameters
from keras_vae.errors import InvalidInputError

if TYPE_CHECKING:
    from keras_vae.bulk import Summary

PANEL = "Bulk inference with an export"


def or_in_bulk(command: Command) -> Command:
    """Adds the options of `in_bulk` to a command, and calls `in_bulk` if `--out` is a folder.

    Args:
        command: a command with the name of the question, and with the options `model`, `out`, `data`, `split` and
            `overwrite`.
    """
    own = inspect.signature(command).parameters

    def bulk(arguments: dict[str, Any], options: dict[str, Any]) -> None:
        taken = inspect.signature(in_bulk).parameters
        shared = {name: value for name, value in arguments.items() if name in taken}
        others = {name: value for name, value in arguments.items() if name not in taken}
        refuse_changed(others, own, "it needs an --out that is a file, and a folder is bulk inference; leave it out.")
        in_bulk(command.__name__, **shared, **options)

    return either(
        command, bulk, lambda arguments: not arguments["out"].suffix, "an --out that is a folder, without a suffix"
    )


def either(
    command: Command,
    bulk: Callable[[dict[str, Any], dict[str, Any]], None],
    is_bulk: Callable[[dict[str, Any]], bool],
    needed: str,
) -> Command:
    """Adds the options of `in_bulk` to a command, which calls `bulk` instead where `is_bulk` holds.

    Args:
        command: a command with some of the options of `in_bulk`.
        bulk: called with the arguments of the command, and with the added options.
        is_bulk: takes the arguments of the command.
        needed: what the added options need, for messages.
    """
    own, more = inspect.signature(command).parameters, inspect.signature(in_bulk).parameters
    added = {name: parameter for name, parameter in more.items() if name not in own and name != "question"}

    def one_of_both(arguments: dict[str, Any]) -> None:
        options = {name: arguments.pop(name) for name in added}
        if is_bulk(arguments):
            bulk(arguments, options)
            return
        refuse_changed(options, added, f"it needs {needed}; leave it out.")
        command(**arguments)

    return with_parameters(command, one_of_both, added)


def refuse_changed(values: Mapping[str, Any], parameters: Mapping[str, inspect.Parameter], reason: str) -> None:
    """Raises `InvalidInputError` for the first option whose value is not its default."""
    changed = [name for name, value in values.items() if value != parameters[name].default]
    if changed:
        option = "--format" if changed[0] == "file_format" else f"--{changed[0].replace('_', '-')}"
        raise InvalidInputError(f"{option}: {reason}")


def _option(*names: str, **settings: Any) -> Any:
    return typer.Option(*names, rich_help_panel=PANEL, **settings)


def in_bulk(
    question: str,
    model: Path,
    out: Path,
    data: str | None,
    split: str | None,
    overwrite: bool,
    runner: Annotated[
        str | None,
        _option(help="Runner of Apache Beam, such as DirectRunner or DataflowRunner.", show_default="this process"),
    ] = None,
    runner_options: Annotated[str, _option(help="Options of Apache Beam, such as '--direct_num_workers=2'.")] = "",
    file_format: Annotated[
        str, _option("--format", help="File format of the answers: parquet or tfrecord.")
    ] = "parquet",
    field: Annotated[
        list[str] | None,
        _option(
            help="INPUT=COLUMN, for an input of the model (x, image_bytes or condition) whose column or feature has "
            "another name. Repeatable.",
            metavar="INPUT=COLUMN",
        ),
    ] = None,
    key: Annotated[str | None, _option(help="Column or feature with the keys.", show_default="file and row")] = None,
    batch_size: Annotated[int, _option(min=1, help="Number of records in a batch.")] = 256,
    resume: Annotated[
        bool,
        _option("--resume", help="Keep the finished work if the command is stopped; the same command continues it."),
    ] = False,
) -> "Summary":
    """Runs `keras_vae.bulk.infer` with options of the command line, and prints the summary."""
    if data is None:
        raise InvalidInputError("--data: expected what to read in bulk inference, got nothing.")
    fields = fields_of(field)
    from keras_vae.bulk import infer

    try:
        summary = infer(
            question, model, data, out, runner=runner, runner_options=shlex.split(runner_options),
            file_format=file_format, split=split, fields=fields, key=key, batch_size=batch_size,
            overwrite=overwrite, resume=resume, verbose=1,
        )  # fmt: skip
    except KeyboardInterrupt:
        if resume:
            typer.echo("Stopped. The same command continues.", err=True)
        raise
    typer.echo(f"{summary.as_text()}\nWritten: {out}")
    if not summary.balanced:
        typer.echo("The counts do not add up: records were lost or came twice.", err=True)
        raise typer.Exit(1)
    return summary


def fields_of(field: list[str] | None) -> dict[str, str]:
    """Returns input -> column for the values of `--field`."""
    pairs = [(name, column) for name, _, column in (one.partition("=") for one in field or [])]
    if not all(name and column for name, column in pairs):
        raise InvalidInputError(f"--field: expected INPUT=COLUMN, such as x=pixels; got {' '.join(field or [])}.")
    return dict(pairs)

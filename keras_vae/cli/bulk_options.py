"""Options of bulk inference, for commands that write their answers to a folder with `keras_vae.bulk`."""

import inspect
import shlex
from pathlib import Path
from typing import Annotated, Any

import typer

from keras_vae.cli.settings import Command, with_parameters
from keras_vae.errors import InvalidInputError

PANEL = "Bulk inference, if --out is a folder"


def or_in_bulk(command: Command) -> Command:
    """Adds the options of `_in_bulk` to a command, and calls `_in_bulk` if `--out` is a folder.

    Args:
        command: a command with the name of the question, and with the options `model`, `out`, `data`, `split` and
            `overwrite`.
    """
    own, more = inspect.signature(command).parameters, inspect.signature(_in_bulk).parameters
    added = {name: parameter for name, parameter in more.items() if name not in own and name != "question"}

    def either(arguments: dict[str, Any]) -> None:
        bulk = {name: arguments.pop(name) for name in added}
        if arguments["out"].suffix:
            _refuse_without_folder(arguments["out"], bulk, added)
            command(**arguments)
        else:
            shared = {name: value for name, value in arguments.items() if name in more}
            _in_bulk(command.__name__, **shared, **bulk)

    return with_parameters(command, either, added)


def _option(*names: str, **settings: Any) -> Any:
    return typer.Option(*names, rich_help_panel=PANEL, **settings)


def _in_bulk(
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
) -> None:
    if data is None:
        raise InvalidInputError("--data: expected what to read, as --out is a folder; got nothing.")
    pairs = [(name, column) for name, _, column in (one.partition("=") for one in field or [])]
    if not all(name and column for name, column in pairs):
        raise InvalidInputError(f"--field: expected INPUT=COLUMN, such as x=pixels; got {' '.join(field or [])}.")
    from keras_vae.bulk import infer

    summary = infer(
        question, model, data, out, runner=runner, runner_options=shlex.split(runner_options),
        file_format=file_format, split=split, fields=dict(pairs), key=key, batch_size=batch_size,
        overwrite=overwrite, verbose=1,
    )  # fmt: skip
    typer.echo(f"{summary.as_text()}\nWritten: {out}")
    if not summary.balanced:
        typer.echo("The counts do not add up: records were lost or came twice.", err=True)
        raise typer.Exit(1)


def _refuse_without_folder(out, bulk, parameters):
    changed = [name for name, value in bulk.items() if value != parameters[name].default]
    if changed:
        option = "--format" if changed[0] == "file_format" else f"--{changed[0].replace('_', '-')}"
        raise InvalidInputError(f"{option}: it needs an --out that is a folder, without a suffix; got {str(out)!r}.")

"""The command that examines the installation."""

import json as json_format
from typing import Annotated

import typer


def doctor(
    quick: Annotated[
        bool, typer.Option("--quick", help="Leave out the self-test and the imports of the optional parts.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON, for a report of a bug.")] = False,
) -> None:
    """Examine the installation: versions, devices, optional parts, and a self-test.

    The exit code is 1 if something that keras_vae needs is broken. Nothing is downloaded, and only the temporary folder
    of the system is written to.
    """
    from keras_vae.cli.doctor.report import as_json, as_lines, examine

    broken = False

    def watched():
        nonlocal broken
        for each in examine(quick=quick):
            broken |= each.state == "broken"
            yield each

    if json:
        typer.echo(json_format.dumps(as_json(watched()), indent=2))
    else:
        for line in as_lines(watched()):
            typer.echo(line)
    if broken:
        raise typer.Exit(1)

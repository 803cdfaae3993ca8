"""The entry point: parses the command line, runs a command, and reports invalid input in one line with exit code 2."""

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterator
from typing import Annotated

import typer

from keras_vae.cli import commands, explore_command, inference_commands, serving_commands, training_commands
from keras_vae.cli.quiet import plain_warnings, quiet_tensorflow
from keras_vae.errors import InvalidInputError, LostWorkerError
from keras_vae.version import __version__

app = typer.Typer(
    name="keras-vae",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
WITHOUT_TENSORFLOW = {"-h", "--help", "--version"}
COMMANDS = (
    *training_commands.ALL,
    *inference_commands.ALL,
    *commands.ALL,
    *explore_command.ALL,
    *serving_commands.ALL,
)
for command in COMMANDS:
    app.command()(command)


def _tell_version(asked: bool) -> None:
    if asked:
        typer.echo(f"keras_vae {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Train, evaluate and export generative autoencoders."""


def main() -> None:
    """Runs the command line."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        with plain_warnings():
            if not WITHOUT_TENSORFLOW & set(sys.argv) and len(sys.argv) > 1:
                quiet_tensorflow()
            with _ended_by_signals():
                app()
    except InvalidInputError as error:
        sys.exit(_fail(str(error), 2))
    except LostWorkerError as error:
        sys.exit(_fail(str(error), 1))
    except OSError as error:
        sys.exit(_fail(_of_the_system(error), 2))


@contextlib.contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Converts signals that would kill the process to `KeyboardInterrupt`, so that partial files are removed."""
    came, before = [], {}

    def end(number, _):
        came.append(number)
        signal.signal(number, signal.SIG_DFL)  # a second signal kills the process
        raise KeyboardInterrupt(number)

    if threading.current_thread() is threading.main_thread():
        for name in ("SIGTERM", "SIGHUP"):
            number = getattr(signal, name, None)  # SIGHUP is missing on Windows
            if number is not None and signal.getsignal(number) == signal.SIG_DFL:
                before[number] = signal.signal(number, end)
    try:
        yield
    except SystemExit:
        if came:
            sys.exit(128 + came[0])
        raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _fail(message: str, code: int) -> int:
    print(f"keras-vae: {message}", file=sys.stderr)
    return code


def _of_the_system(error: OSError) -> str:
    where = f"{error.filename}: " if error.filename else ""
    return f"{where}{error.strerror or error}; what had been saved before is kept."

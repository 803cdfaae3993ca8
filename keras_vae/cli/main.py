"""The entry point: parses the command line, runs a command, and reports invalid input in one line with exit code 2."""

import contextlib
import inspect
import os
import re
import signal
import sys
import threading
from collections.abc import Iterator
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from keras_vae.cli import commands, inference_commands, serving_commands, training_commands
from keras_vae.cli.completion import with_completion
from keras_vae.cli.doctor_command import doctor
from keras_vae.cli.explore_command import explore
from keras_vae.cli.first_steps import FIRST_STEPS
from keras_vae.cli.impute_command import impute
from keras_vae.cli.quiet import after_tensorflow, plain_warnings
from keras_vae.cli.usage_errors import UsageError, message_of
from keras_vae.errors import InvalidInputError, LostWorkerError, unknown
from keras_vae.interrupts import ask_to_stop, asked_to_stop, forget
from keras_vae.version import __version__


class Commands(TyperGroup):
    """The commands. An unknown name gets the most similar one."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if not ctx.resilient_parsing and self.get_command(ctx, args[0]) is None:
            raise InvalidInputError(unknown(args[0], self.commands, part="command"))
        return super().resolve_command(ctx, args)


app = typer.Typer(
    name="keras-vae",
    cls=Commands,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
PANELS = {
    "Train": (
        training_commands.train,
        training_commands.tune,
        inference_commands.fit_prior,
        commands.models,
        commands.parts,
        commands.presets,
    ),
    "Look": (
        explore,
        commands.sample,
        inference_commands.reconstruct,
        impute,
        commands.traverse,
        commands.interpolate,
        inference_commands.encode,
        inference_commands.neighbours,
        inference_commands.directions,
    ),
    "Evaluate": (commands.evaluate, commands.compare, inference_commands.score, inference_commands.anomalies),
    "Serve": (
        serving_commands.export,
        serving_commands.check,
        serving_commands.serve,
        serving_commands.client,
    ),
    "Data": (commands.data, commands.prepare),
    "Installation": (doctor,),
}
"""Title in the help -> commands."""
COMMANDS = tuple(command for those in PANELS.values() for command in those)
for panel, those in PANELS.items():
    for command in those:
        run = command if command is doctor else after_tensorflow(command)
        # Rich would take [serving] for markup. Its own `escape` takes 20 ms to import.
        description = re.sub(r"\[(?=[a-z])", r"\\[", inspect.getdoc(command) or "")
        app.command(help=description, rich_help_panel=panel)(with_completion(run))


def _tell_version(asked: bool) -> None:
    if asked:
        typer.echo(f"keras_vae {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def options(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Train, evaluate and export generative autoencoders."""
    if context.invoked_subcommand is None:
        typer.echo(FIRST_STEPS, err=True, nl=False)
        raise typer.Exit(2)  # as for other unusable input: a script that has lost its command must not succeed


def main() -> None:
    """Runs the command line."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        with plain_warnings(), _ended_by_signals():
            sys.exit(app(prog_name="keras-vae", standalone_mode=False) or 0)
    except UsageError as error:
        sys.exit(_fail(message_of(error), 2))
    except InvalidInputError as error:
        sys.exit(_fail(str(error), 2))
    except typer.Abort:  # the end of the input, which Typer reports so
        sys.exit(_fail("the input ended; nothing further was done.", 1))
    except LostWorkerError as error:
        sys.exit(_fail(str(error), 1))
    except OSError as error:
        sys.exit(_fail(_of_the_system(error), 2))


@contextlib.contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Makes signals end the work by `KeyboardInterrupt`, so that partial files are removed; see `keras_vae.interrupts`.

    A second signal ends the work at once.
    """
    before = {}

    def end(number, _):
        signal.signal(number, before[number])
        ask_to_stop(number)

    forget()
    if threading.current_thread() is threading.main_thread():
        for name in ("SIGINT", "SIGTERM", "SIGHUP"):
            number = getattr(signal, name, None)  # SIGHUP is missing on Windows
            if number is not None and signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler):
                before[number] = signal.signal(number, end)
    try:
        yield
    except SystemExit:
        number = asked_to_stop()
        if number is None or number == signal.SIGINT:  # Typer's code is that of Ctrl-C
            raise
        sys.exit(128 + number)
    except Exception:
        number = asked_to_stop()
        if number is None:
            raise
        sys.exit(128 + number)  # TensorFlow made this exception of the interrupt
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        forget()


def _fail(message: str, code: int) -> int:
    print(f"keras-vae: {message}", file=sys.stderr)
    return code


def _of_the_system(error: OSError) -> str:
    where = f"{error.filename}: " if error.filename else ""
    return f"{where}{error.strerror or error}; what had been saved before is kept."

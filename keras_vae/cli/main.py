"""The entry point: parses, delegates, and turns unusable input into one line and exit code 2."""

import os
import sys

import typer

from keras_vae.cli import commands, inference_commands, serving_commands, training_commands
from keras_vae.cli.quiet import quiet_tensorflow
from keras_vae.errors import InvalidInputError, LostWorkerError

app = typer.Typer(
    name="keras-vae",
    help="Train, look at and export generative autoencoders.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
COMMANDS = (*training_commands.ALL, *inference_commands.ALL, *commands.ALL, *serving_commands.ALL)
for command in COMMANDS:
    app.command()(command)


def main() -> None:
    """Runs the command line."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if not {"-h", "--help"} & set(sys.argv) and len(sys.argv) > 1:
        quiet_tensorflow()
    try:
        app()
    except InvalidInputError as error:
        sys.exit(_fail(str(error), 2))
    except LostWorkerError as error:
        sys.exit(_fail(str(error), 1))
    except OSError as error:
        sys.exit(_fail(_of_the_system(error), 2))


def _fail(message: str, code: int) -> int:
    print(f"keras-vae: {message}", file=sys.stderr)
    return code


def _of_the_system(error: OSError) -> str:
    where = f"{error.filename}: " if error.filename else ""
    return f"{where}{error.strerror or error}; what had been saved before is kept."

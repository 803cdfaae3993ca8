"""Suppresses the start-up messages of TensorFlow, and shows each warning as one line."""

import contextlib
import functools
import os
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from typing import Any

from keras_vae.errors import InvalidInputError, one_line


def after_tensorflow(command: Callable[..., None]) -> Callable[..., None]:
    """Returns a command that first imports TensorFlow, see `quiet_tensorflow`.

    The command line is parsed before, so that help, completion and errors do not wait for TensorFlow.
    """

    @functools.wraps(command)
    def run(**arguments: Any) -> None:
        try:
            quiet_tensorflow()
        except ImportError as error:
            raise InvalidInputError(
                f"TensorFlow: it cannot be imported ({one_line(error)}); run `keras-vae doctor`, to find the reason."
            ) from error
        command(**arguments)

    return run


def quiet_tensorflow() -> None:
    """Imports TensorFlow without the messages that its C++ code prints at any log level.

    The messages are shown if the import fails. The Python logger shows only errors, since it would warn of retracing
    if one process uses several models.
    """
    sys.stderr.flush()
    stderr = os.dup(2)
    with tempfile.TemporaryFile() as log:
        os.dup2(log.fileno(), 2)
        try:
            import tensorflow

            tensorflow.get_logger().setLevel("ERROR")
        except BaseException:
            log.seek(0)
            os.write(stderr, log.read())
            raise
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)


@contextlib.contextmanager
def plain_warnings() -> Iterator[None]:
    """Shows each warning as one line, `Warning: ...`, without its location in the code.

    Deprecation warnings are hidden, since they are for developers. Warnings of Pillow are hidden, since images that
    cannot be read are reported separately.
    """
    before = warnings.formatwarning
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=DeprecationWarning)
        warnings.filterwarnings("ignore", module=r"PIL\.")
        warnings.formatwarning = _as_one_line
        try:
            yield
        finally:
            warnings.formatwarning = before


def _as_one_line(message: Warning | str, *_: object, **__: object) -> str:
    return f"Warning: {' '.join(str(message).split())}\n"

"""What libraries print: TensorFlow's start-up lines are kept out of the way, and a warning is one plain line."""

import contextlib
import os
import sys
import tempfile
import warnings
from collections.abc import Iterator


def quiet_tensorflow() -> None:
    """Imports TensorFlow without the lines that its C++ side prints whatever the log level.

    They are shown after all if the import fails. Its Python side is kept to errors: it warns of retracing wherever
    several models are asked in one process.
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
    """Shows each warning as one line, `Warning: ...`, without the place in the code.

    Deprecations are not shown, which are for developers, nor warnings of Pillow: an image that cannot be read is
    reported as such, and one that can be read is used.
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

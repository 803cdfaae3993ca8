"""TensorFlow's start-up lines, kept out of the way."""

import os
import sys
import tempfile
import warnings


def quiet_tensorflow() -> None:
    """Imports TensorFlow without the lines that its C++ side prints whatever the log level.

    They are shown after all if the import fails. Its Python side is kept to errors: it warns of retracing wherever
    several models are asked in one process.
    """
    warnings.filterwarnings("ignore", category=DeprecationWarning)
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

"""What TensorFlow means when a graph cannot compute its answer."""

import re

import tensorflow as tf

NO_REASON = ("Graph execution error", "Detected at node", "Detected unsupported", "<stack traces", "[[", "File ", "...")


def reason_of(error: tf.errors.OpError) -> str:
    r"""The line of the message that says what is wrong.

    Example:

    >>> reason_of(tf.errors.InvalidArgumentError(None, None, "Graph execution error:\n\nNot an image. [Op:Decode]"))
    'Not an image.'
    """
    lines = [line.strip() for line in error.message.splitlines() if line.strip()]
    telling = (line.split(" [Op:")[0] for line in lines if not line.startswith(NO_REASON))
    reason = next(telling, lines[-1] if lines else "")
    asserted = re.search(r"assertion failed: \[(.*)\]$", reason)
    return asserted[1] if asserted else reason

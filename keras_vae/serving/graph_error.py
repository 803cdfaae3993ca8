"""Extracts the reason from the error message of a graph."""

import re

import tensorflow as tf

NO_REASON = ("Graph execution error", "Detected at node", "Detected unsupported", "<stack traces", "[[", "File ", "...")


def reason_of(error: tf.errors.OpError) -> str:
    r"""Returns the line of the error message that states the reason.

    Example:

    >>> reason_of(tf.errors.InvalidArgumentError(None, None, "Graph execution error:\n\nNot an image. [Op:Decode]"))
    'Not an image.'
    """
    lines = [line.strip() for line in error.message.splitlines() if line.strip()]
    reasons = (line.split(" [Op:")[0] for line in lines if not line.startswith(NO_REASON))
    reason = next(reasons, lines[-1] if lines else "")
    assertion = re.search(r"assertion failed: \[(.*)\]$", reason)
    return assertion[1] if assertion else reason

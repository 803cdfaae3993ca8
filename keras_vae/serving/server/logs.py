"""The format of log lines, as text or JSON."""

import json
import logging
import sys
from datetime import UTC, datetime

from keras_vae.errors import InvalidInputError, unknown

FORMATS = ("text", "json")


def set_up_logs(log_format: str = "text", *, access: bool = False) -> None:
    """Configures the server to write its log lines to stderr.

    Args:
        log_format: `"text"`, or `"json"` for one JSON object per line.
        access: whether to log each request.

    Raises:
        InvalidInputError: for an unknown format.
    """
    if log_format not in FORMATS:
        raise InvalidInputError(unknown(log_format, FORMATS, part="log format"))
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if log_format == "json" else TextLines())
    for name, level in (("keras_vae.serving", logging.INFO), ("uvicorn", logging.ERROR), ("grpc", logging.ERROR)):
        logger = logging.getLogger(name)
        logger.handlers[:] = [handler]
        logger.setLevel(level)
        logger.propagate = False
    logging.getLogger("keras_vae.serving.access").setLevel(logging.DEBUG if access else logging.INFO)


def printable_line(text: str, max_length: int = 500) -> str:
    r"""Escapes and truncates untrusted text to one line of printable characters.

    Example:

    >>> print(printable_line("a" + chr(10) + "b"))
    a\nb
    """
    prefix = text[: max_length + 1]  # the rest is truncated anyway
    escaped = prefix if prefix.isprintable() else "".join(map(_printable, prefix))
    return escaped if len(escaped) <= max_length else f"{escaped[:max_length]}..."


def _printable(character: str) -> str:
    return character if character.isprintable() else character.encode("unicode_escape").decode()


class TextLines(logging.Formatter):
    """Formats a record as one line, except for tracebacks."""

    def __init__(self):
        super().__init__("%(asctime)s %(levelname)s %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802, the name in `logging`
        """Returns the line with escaped newlines and control characters."""
        return printable_line(super().formatMessage(record), 4000)


class JsonLines(logging.Formatter):
    """Formats a record as a JSON object with time (UTC), level, logger, message and optional traceback."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line)

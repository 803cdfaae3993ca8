"""Log lines, for a person or for a machine."""

import json
import logging
import sys
from datetime import UTC, datetime

from keras_vae.errors import InvalidInputError, unknown

FORMATS = ("text", "json")


def set_up_logs(log_format: str = "text", *, access: bool = False) -> None:
    """Sends the server's log lines to stderr.

    Args:
        log_format: `"text"`, or `"json"` for a JSON object a line.
        access: whether to have a line for each request.

    Raises:
        InvalidInputError: for another format.
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


def printable_line(text: str, most: int = 500) -> str:
    r"""A text that comes from outside, on one line of printable characters.

    Example:

    >>> print(printable_line("a" + chr(10) + "b"))
    a\nb
    """
    start = text[: most + 1]  # what is cut off need not be looked at
    shown = start if start.isprintable() else "".join(map(_printable, start))
    return shown if len(shown) <= most else f"{shown[:most]}..."


def _printable(character: str) -> str:
    return character if character.isprintable() else character.encode("unicode_escape").decode()


class TextLines(logging.Formatter):
    """A record on one line; only a traceback has more."""

    def __init__(self):
        super().__init__("%(asctime)s %(levelname)s %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802, the name in `logging`
        """The line, with newlines and control characters escaped."""
        return printable_line(super().formatMessage(record), 4000)


class JsonLines(logging.Formatter):
    """A record as a JSON object: time (UTC), level, logger, message and, where there is one, the traceback."""

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

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
    handler.setFormatter(
        JsonLines() if log_format == "json" else logging.Formatter("%(asctime)s %(levelname)s %(message)s")
    )
    logger = logging.getLogger("keras_vae.serving")
    logger.handlers[:] = [handler]
    logger.setLevel(logging.INFO)
    logger.propagate = False
    logging.getLogger("keras_vae.serving.access").setLevel(logging.DEBUG if access else logging.INFO)


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

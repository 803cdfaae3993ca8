"""What comes from outside stays on its line."""

import json
import logging

import pytest

from keras_vae.serving.server.logs import JsonLines, TextLines, printable_line
from keras_vae.serving.server.request_error import invalid

FORGED = "m\n2026-01-01 INFO all is well\r\x1b[2J\x00\u2028"


def record(message):
    return logging.LogRecord("keras_vae.serving", logging.INFO, "", 0, "%s: loaded", (message,), None)


@pytest.mark.parametrize("formatter", [TextLines(), JsonLines()])
def test_a_name_cannot_forge_a_line(formatter):
    line = formatter.format(record(FORGED))
    assert line.isprintable() and len(line.splitlines()) == 1
    assert not isinstance(formatter, JsonLines) or json.loads(line)["message"] == f"{FORGED}: loaded"


def test_a_traceback_keeps_its_lines():
    try:
        raise ValueError("a")
    except ValueError as error:
        entry = record("m")
        entry.exc_info = (ValueError, error, error.__traceback__)
    assert len(TextLines().format(entry).splitlines()) > 2


def test_reasons_are_short_and_on_one_line():
    message = invalid("a\nb" + "x" * 10_000).message
    assert message.startswith("a\\nb") and len(message) == 503 and printable_line("é") == "é"

"""Bodies of REST requests: numbers that overflow, lists that are deep or ragged, text that is no Unicode."""

# ruff: noqa: UP031, braces are what these templates are made of

import http.client
import json

import numpy as np

from hostile.kind import SERVER, Kind, Target, WrongAnswerError, mutated, one_of

NUMBERS = (
    "1e400",
    "-1e400",
    "1e39",
    "-3.5e38",
    "NaN",
    "-Infinity",
    "Infinity",
    "1" + "0" * 400,
    "1" * 5000,
    "1e-400",
    "-0",
    "01",
    "1.",
    ".5",
    "+1",
    "0x10",
    "1e",
    "--1",
    "true",
    "null",
    '"1"',
    "[]",
    "{}",
    "[0.5]",
    '{"b64": "AAAA"}',
    "18446744073709551616",
    "-9223372036854775809",
    "2147483648",
    "0.1e1",
    "1E+2",
    "1_000",
    "Nan",
    "inf",
)
STRINGS = (
    '"\\ud800"',
    '"\\udc00\\ud800"',
    '"\\u0000"',
    '"\\x41"',
    '"a\nb"',
    '"\\',
    '""',
    '"é"',
    '{"b64": "*"}',
    '{"b64": "AA"}',
    '{"b64": 3}',
    '{"b65": "AAAA"}',
    '{"b64": "AAAA", "x": 1}',
    "3",
    "[1]",
    "null",
)
SIGNATURES = (
    '"encode"',
    '"encode_bytes"',
    '"decode"',
    '"generate"',
    '"no\\nsuch"',
    '"\\ud800"',
    "3",
    "null",
    "[]",
    '""',
)


def image(rng, number: str) -> str:
    """An 8x8 image of which one pixel is special."""
    pixels = ["0.5"] * 64
    pixels[int(rng.integers(64))] = number
    rows = [",".join(f"[{pixel}]" for pixel in pixels[start : start + 8]) for start in range(0, 64, 8)]
    return f"[{','.join(f'[{row}]' for row in rows)}]"


def numbers(rng):
    """A sound body but for one number."""
    body = image(rng, one_of(rng, *NUMBERS))
    form = one_of(
        rng, '{"instances": [%s]}', '{"inputs": [%s]}', '{"inputs": {"x": [%s]}}', '{"instances": [{"x": %s}]}'
    )
    return form % body


def text(rng):
    """Strings where bytes are expected, and the other way round."""
    word = one_of(rng, *STRINGS)
    field = one_of(rng, '"image_bytes"', '"x"', word, '"' + "k" * 5000 + '"')
    return '{"signature_name": %s, "instances": [{%s: %s}%s]}' % (
        one_of(rng, *SIGNATURES), field, word, one_of(rng, "", ", NaN", f", {word}"),
    )  # fmt: skip


def structure(rng):
    """Lists that are deep, wide, ragged or empty, and objects with keys too many, too few or twice."""
    number = one_of(rng, 2, 33, 65, 300, 900, 1100, 5000, 200_000)
    bodies = (
        '{"instances": %s}' % ("[" * number + "0.5" + "]" * number),
        '{"instances": %s}' % ("[" * number),
        '{"instances": [%s]}' % ("NaN," + "[" * number + "0" + "]" * number),
        '{"instances": [%s0]}' % ("[]," * number),
        '{"instances": [%s0]}' % ("{}," * number),
        '{"instances": [%s{}]}' % ('{"x":1},' * min(number, 5000)),
        '{"instances": [[0.5],[0.5,0.5]]}',
        '{"instances": [[],[[]]]}',
        '{"instances": [[%s]]}' % ",".join(["0"] * number),
        '{"instances": [%s]}' % ",".join([image(rng, "0.5")] * min(number, 1100)),
        '{"instances": []}', '{"inputs": []}', '{"inputs": {}}', '{"inputs": 1, "instances": 1}', "[]", "null", "1",
        "{}", '{"inputs": {%s}}' % ",".join(f'"k{n}": 0' for n in range(min(number, 5000))),
        '{"instances": 1, "instances": 2}',
        '{"instances": [{"x": 1, "x": 2}]}',
        '{"signature_name": %s, "inputs": 1}' % one_of(rng, *SIGNATURES),
        "%s" % (" " * number),
        "{%s" % ('"a":{' * number),
    )  # fmt: skip
    return one_of(rng, *bodies)


def damaged(rng):
    """A sound body with a few bytes changed."""
    return mutated(rng, ('{"signature_name": "encode", "instances": [%s]}' % image(rng, "0.25")).encode())


def large(rng):
    """Some megabytes."""
    number = one_of(rng, 300_000, 2_000_000)
    return one_of(
        rng,
        '{"instances": [%s0]}' % ("0," * number),
        '{"instances": [%s0]}' % ("[[]]," * (number // 2)),
        '{"instances": ["%s"]}' % ("é" * number),
        '{"instances": [%s]}' % ",".join(["NaN"] * number),
        '{"instances": [%s' % ("[0.123456789," * (number // 4)),
        '{"signature_name": "encode_bytes", "instances": [{"b64": "%s"}]}' % ("A" * number),
        '{"%s": 1, "instances": [1]}' % ("k" * number),
    )


def ask(body: str | bytes, target: Target) -> str:
    """The status of the answer.

    Raises:
        WrongAnswerError: if it is a 5xx other than 503 and 504, or no answer of this API.
    """
    connection = http.client.HTTPConnection(target.host, target.rest_port, timeout=30)
    data = body if isinstance(body, bytes) else body.encode("utf-8", "surrogatepass")
    try:
        connection.request("POST", "/v1/models/m:predict", data)
        response = connection.getresponse()
        status, content = response.status, response.read()
    except ConnectionError:
        return "closed"  # a body that is too large
    finally:
        connection.close()
    try:
        answer = json.loads(content)
    except ValueError:
        raise WrongAnswerError(f"{status}: no JSON: {content[:200]!r}") from None
    if status not in (200, 400, 413, 503, 504):
        raise WrongAnswerError(f"{status}: {str(answer)[:200]}")
    if status != 200 and (set(answer) != {"error"} or "\n" in answer["error"] or "Traceback" in answer["error"]):
        raise WrongAnswerError(f"{status}: {str(answer)[:200]}")
    if status == 200 and b"1e400" in data:
        raise WrongAnswerError("1e400 was answered")
    return str(status)


def _weighted(*generators):
    def generate(rng: np.random.Generator):
        return one_of(rng, *generators)(rng)

    return generate


KINDS = [
    Kind("JSON", _weighted(numbers, text, structure, damaged), ask, SERVER),
    Kind("large JSON", large, ask, SERVER),
]

"""Converts the JSON of a request to arrays, in chunks of rows if the request is large.

Python's JSON parser blocks all threads, and its objects take several times the memory of the arrays. The rows of a
large request are therefore parsed in chunks of a megabyte.
"""

import re
from collections.abc import Callable, Iterator

import numpy as np

from keras_vae.serving.json_with_nan import loads
from keras_vae.serving.server.model_version import Limits, ServedSignature
from keras_vae.serving.server.tensor_json import parse, read_inputs

CHUNK_BYTES = 2**20
START = re.compile(rb'"(?:instances|inputs)"\s*:\s*(?:\{\s*"[^"\\]*"\s*:\s*)?(?=\[)')
STRUCTURE = re.compile(rb"[\[\]{},]")
Inputs = dict[str, np.ndarray]


def read_body(
    body: bytes, signature_of: Callable[[str], ServedSignature], limits: Limits
) -> tuple[ServedSignature, str, dict[str, np.ndarray]]:
    """Reads the body of a request; returns the signature, the form of the answer and the inputs.

    Args:
        body: body of the request.
        signature_of: function of a name that returns the signature.
        limits: limits of a request.

    Raises:
        RequestError: if the inputs do not match the signature, or exceed the limits.
    """
    if len(body) > CHUNK_BYTES:
        try:
            return _read_in_chunks(body, signature_of, limits)
        except ValueError:  # the rows cannot be separated without parsing the whole body
            pass
    parsed_body = parse(body)
    signature = signature_of(parsed_body.signature_name)
    return signature, parsed_body.form, read_inputs(parsed_body, signature, limits)


def _read_in_chunks(body, signature_of, limits):
    start, end = _rows(body)
    parsed_body = parse(body[:start] + b"[0]" + body[end + 1 :])
    key = next(iter(parsed_body.value)) if isinstance(parsed_body.value, dict) else None
    if parsed_body.value not in ([0], {key: [0]}):
        raise ValueError("there is more than one list")
    signature = signature_of(parsed_body.signature_name)
    if not signature.batched:
        raise ValueError("its rows cannot be joined")
    if key is not None and len(signature.inputs) > 1:
        raise ValueError("there is another list for each input")
    parts: list[Inputs] = []
    rows = 0
    for chunk in _chunks(body, start + 1, end):
        value = loads(b"[%b]" % chunk)  # a valid list, so the cut is between two rows
        if not value:
            raise ValueError("there are no rows")
        part = read_inputs(parsed_body._replace(value=value if key is None else {key: value}), signature, limits)
        rows += len(value)
        for name, array in part.items():
            signature.check_tensor(name, signature.inputs[name].dtype, (rows, *array.shape[1:]), limits)
        parts.append(part)
    return signature, parsed_body.form, {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _rows(body: bytes) -> tuple[int, int]:
    """Returns the start and the end of the list of rows; raises `ValueError` if they are not unique."""
    match = START.search(body, 0, CHUNK_BYTES)
    if match is None or b"\\" in body or body.count(b'"instances"') + body.count(b'"inputs"') > 1:
        raise ValueError("there is no list, or more than one")
    return match.end(), body.rindex(b"]")


def _chunks(body: bytes, position: int, end: int) -> Iterator[bytes]:
    while position < end:
        cut = _cut(body, position, end)
        yield body[position:cut]
        position = cut + 1


def _cut(body: bytes, position: int, end: int) -> int:
    """Returns the position of the first comma between two rows after `CHUNK_BYTES`."""
    minimum = position + CHUNK_BYTES
    if minimum >= end:
        return end
    depth = sum(body.count(bracket, position, minimum) for bracket in (b"[", b"{"))
    depth -= sum(body.count(bracket, position, minimum) for bracket in (b"]", b"}"))
    for match in STRUCTURE.finditer(body, minimum, end):
        character = match[0]
        if character in b"[{":
            depth += 1
        elif character in b"]}":
            depth -= 1
        elif depth == 0:
            return match.start()
    return end

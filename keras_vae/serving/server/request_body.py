"""From the JSON of a request to arrays; a large one some rows at a time.

While Python parses JSON it can do nothing else, and the objects that come of it take several times the memory of the
arrays. So the rows of a large request are parsed a megabyte at a time.
"""

import re
from collections.abc import Callable, Iterator

import numpy as np

from keras_vae.serving.json_with_nan import loads
from keras_vae.serving.server.servable import Limits, Signature
from keras_vae.serving.server.tensor_json import parse, read_inputs

PIECE_BYTES = 2**20
START = re.compile(rb'"(?:instances|inputs)"\s*:\s*(?:\{\s*"[^"\\]*"\s*:\s*)?(?=\[)')
STRUCTURE = re.compile(rb"[\[\]{},]")
Inputs = dict[str, np.ndarray]


def read_body(
    body: bytes, signature_of: Callable[[str], Signature], limits: Limits
) -> tuple[Signature, str, dict[str, np.ndarray]]:
    """What a body asks: a signature, the form of the answer and the inputs.

    Args:
        body: of a request.
        signature_of: the signature of a name.
        limits: of a request.

    Raises:
        RequestError: for anything that the signature does not take, or more than `limits`.
    """
    if len(body) > PIECE_BYTES:
        try:
            return _read_in_pieces(body, signature_of, limits)
        except ValueError:  # its rows cannot be told apart without reading them all
            pass
    question = parse(body)
    signature = signature_of(question.signature_name)
    return signature, question.form, read_inputs(question, signature, limits)


def _read_in_pieces(body, signature_of, limits):
    start, end = _rows(body)
    asked = parse(body[:start] + b"[0]" + body[end + 1 :])
    key = next(iter(asked.value)) if isinstance(asked.value, dict) else None
    if asked.value not in ([0], {key: [0]}):
        raise ValueError("there is more than one list")
    signature = signature_of(asked.signature_name)
    if not signature.batched:
        raise ValueError("its rows cannot be joined")
    if key is not None and len(signature.inputs) > 1:
        raise ValueError("there is another list for each input")
    parts: list[Inputs] = []
    rows = 0
    for piece in _pieces(body, start + 1, end):
        value = loads(b"[%b]" % piece)  # sound by itself, so the cut was between two rows
        if not value:
            raise ValueError("there are no rows")
        part = read_inputs(asked._replace(value=value if key is None else {key: value}), signature, limits)
        rows += len(value)
        for name, array in part.items():
            signature.check_tensor(name, signature.inputs[name].dtype, (rows, *array.shape[1:]), limits)
        parts.append(part)
    return signature, asked.form, {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _rows(body: bytes) -> tuple[int, int]:
    """Where the list of rows starts and ends, if that is plain to see."""
    found = START.search(body, 0, PIECE_BYTES)
    if found is None or b"\\" in body or body.count(b'"instances"') + body.count(b'"inputs"') > 1:
        raise ValueError("there is no list, or more than one")
    return found.end(), body.rindex(b"]")


def _pieces(body: bytes, at: int, end: int) -> Iterator[bytes]:
    while at < end:
        cut = _cut(body, at, end)
        yield body[at:cut]
        at = cut + 1


def _cut(body: bytes, at: int, end: int) -> int:
    """The first comma between two rows, some way on."""
    some = at + PIECE_BYTES
    if some >= end:
        return end
    depth = sum(body.count(bracket, at, some) for bracket in (b"[", b"{"))
    depth -= sum(body.count(bracket, at, some) for bracket in (b"]", b"}"))
    for found in STRUCTURE.finditer(body, some, end):
        character = found[0]
        if character in b"[{":
            depth += 1
        elif character in b"]}":
            depth -= 1
        elif depth == 0:
            return found.start()
    return end

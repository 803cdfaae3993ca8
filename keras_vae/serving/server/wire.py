"""The size of a message once it is parsed, found out before it is.

A field of two bytes may become an object of a hundred. So large messages are walked through first.

Reference: https://protobuf.dev/programming-guides/encoding
"""

from collections.abc import Iterator
from typing import NamedTuple

from keras_vae.serving.server.request_error import RequestError, invalid
from keras_vae.serving.server.servable import Limits

SPARE_FIELDS = 1000
SMALL = 32 * 2**10
"""Bytes of a message that may swell as it will."""
VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
INPUTS, VALUE, SHAPE, DIM = 2, 2, 2, 2
VARINT_VALUES = {7, 10, 11, 13, 16, 17}
"""The fields of a TensorProto whose values take a byte each in the message and up to 8 in memory."""
HANDLES = {14, 15}
"""The fields of a TensorProto for resources and variants, which no signature takes."""


class _Field(NamedTuple):
    number: int
    start: int
    end: int


def check_predict_request(message: bytes, limits: Limits) -> None:
    """Checks that the parsed form of a PredictRequest is not much larger than the message.

    Args:
        message: as it was sent.
        limits: of a request; a row may have some fields of its own, such as strings.

    Raises:
        RequestError: if it is no such message, or too large.

    Example:

    >>> check_predict_request(b"", Limits())
    """
    if len(message) <= SMALL:
        return
    view = memoryview(message)
    fields = values = 0
    most_fields = SPARE_FIELDS + 4 * limits.rows
    stack = [(0, len(view), "request")]
    nested = {
        ("request", INPUTS): "entry", ("entry", VALUE): "tensor", ("tensor", SHAPE): "shape", ("shape", DIM): "dim",
    }  # fmt: skip
    while stack:
        start, end, kind = stack.pop()
        for field in _fields(view, start, end):
            fields += 1
            if kind == "tensor" and field.number in VARINT_VALUES:
                values += field.end - field.start
            if fields > most_fields or 8 * values > limits.bytes:
                raise invalid("the message has too many values; write tensors in tensor_content, or send fewer rows.")
            if kind == "tensor" and field.number in HANDLES:
                raise invalid("the message has a tensor of resources or variants; expected numbers or strings.")
            if (kind, field.number) in nested:
                stack.append((field.start, field.end, nested[kind, field.number]))


def _fields(view: memoryview, at: int, end: int) -> Iterator[_Field]:
    while at < end:
        key, at = _varint(view, at, end)
        wire = key & 7
        if wire == VARINT:
            start, (_, at) = at, _varint(view, at, end)
        elif wire == BYTES:
            size, start = _varint(view, at, end)
            at = start + size
        elif wire in (FIXED64, FIXED32):
            start, at = at, at + (8 if wire == FIXED64 else 4)
        else:
            raise malformed()
        if at > end:
            raise malformed()
        yield _Field(key >> 3, start, at)


def _varint(view: memoryview, at: int, end: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if at >= end:
            raise malformed()
        byte = view[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
    raise malformed()


def malformed() -> RequestError:
    """The error of a message that cannot be parsed."""
    return invalid("the message cannot be parsed; expected a message of TensorFlow Serving's API.")

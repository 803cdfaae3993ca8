"""Checks the size of a parsed message before it is parsed.

A field of two bytes may become an object of a hundred bytes. Large messages are therefore scanned first.

Reference: https://protobuf.dev/programming-guides/encoding
"""

from collections.abc import Iterator
from typing import NamedTuple

from keras_vae.serving.server.model_version import Limits
from keras_vae.serving.server.request_error import RequestError, invalid

SPARE_FIELDS = 1000
SMALL = 32 * 2**10
"""The maximum bytes of a message that is not checked."""
VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
INPUTS, VALUE, SHAPE, DIM = 2, 2, 2, 2
VARINT_VALUES = {7, 10, 11, 13, 16, 17}
"""The fields of a TensorProto whose values take one byte in the message and up to 8 bytes in memory."""
HANDLES = {14, 15}
"""The fields of a TensorProto for resources and variants, which no signature accepts."""


class _Field(NamedTuple):
    number: int
    start: int
    end: int


def check_predict_request(message: bytes, limits: Limits) -> None:
    """Checks that the parsed form of a PredictRequest is not much larger than the message.

    Args:
        message: serialized message.
        limits: limits of a request; each row may have a few fields, such as strings.

    Raises:
        RequestError: if the message is malformed or too large.

    Example:

    >>> check_predict_request(b"", Limits())
    """
    if len(message) <= SMALL:
        return
    view = memoryview(message)
    fields = values = 0
    max_fields = SPARE_FIELDS + 4 * limits.rows
    stack = [(0, len(view), "request")]
    nested_kinds = {
        ("request", INPUTS): "entry", ("entry", VALUE): "tensor", ("tensor", SHAPE): "shape", ("shape", DIM): "dim",
    }  # fmt: skip
    while stack:
        start, end, kind = stack.pop()
        for field in _fields(view, start, end):
            fields += 1
            if kind == "tensor" and field.number in VARINT_VALUES:
                values += field.end - field.start
            if fields > max_fields or 8 * values > limits.bytes:
                raise invalid("the message has too many values; write tensors in tensor_content, or send fewer rows.")
            if kind == "tensor" and field.number in HANDLES:
                raise invalid("expected tensors of numbers or strings, got a tensor of resources or variants.")
            if (kind, field.number) in nested_kinds:
                stack.append((field.start, field.end, nested_kinds[kind, field.number]))


def _fields(view: memoryview, position: int, end: int) -> Iterator[_Field]:
    while position < end:
        key, position = _varint(view, position, end)
        wire = key & 7
        if wire == VARINT:
            start, (_, position) = position, _varint(view, position, end)
        elif wire == BYTES:
            size, start = _varint(view, position, end)
            position = start + size
        elif wire in (FIXED64, FIXED32):
            start, position = position, position + (8 if wire == FIXED64 else 4)
        else:
            raise malformed_message()
        if position > end:
            raise malformed_message()
        yield _Field(key >> 3, start, position)


def _varint(view: memoryview, position: int, end: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if position >= end:
            raise malformed_message()
        byte = view[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
    raise malformed_message()


def malformed_message() -> RequestError:
    """Returns the error of a message that cannot be parsed."""
    return invalid("expected a message of the TensorFlow Serving API, but the message cannot be parsed.")

"""Tensors as JSON in the two formats of TensorFlow Serving, rows (`instances`) and columns (`inputs`).

Reference: https://www.tensorflow.org/tfx/serving/api_rest
"""

import base64
import binascii
import itertools
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from keras_vae.serving.json_with_nan import dumps, loads
from keras_vae.serving.server.model_version import MAX_DIMENSIONS, Limits, ServedSignature
from keras_vae.serving.server.request_error import Code, RequestError, invalid

ROWS, COLUMNS = "instances", "inputs"
SPARE_VALUES = 1000
ANSWER = {ROWS: "predictions", COLUMNS: "outputs"}


class ParsedBody(NamedTuple):
    """The parsed body of a request.

    Attributes:
        signature_name: name of the signature; empty for the default.
        form: `"instances"` or `"inputs"`.
        value: JSON value of the inputs.
    """

    signature_name: str
    form: str
    value: Any


def check_size(body: bytes, max_values: int | None) -> None:
    """Checks the number of values in a body by counting commas and brackets, before the body is parsed.

    Args:
        body: JSON of a request.
        max_values: maximum number of values; None for no limit.

    Raises:
        RequestError: if there are more values.
    """
    if max_values is None or len(body) <= max_values + SPARE_VALUES:
        return
    count = body.count(b",") + body.count(b"[") + body.count(b"{")
    if count > max_values + SPARE_VALUES:
        raise invalid(
            f"JSON Value: expected at most {max_values} numbers and lists, the maximum for the signatures of this "
            f"model; got {count}; send fewer rows at a time."
        )


def parse(body: bytes) -> ParsedBody:
    """Parses the body of a request.

    Raises:
        RequestError: if it is not a JSON object with either `instances` or `inputs`.
    """
    if not body:
        raise invalid("JSON Parse error: The document is empty")
    try:
        document = loads(body)
    except ValueError as error:
        raise invalid(f"JSON Parse error: {error}") from None
    if not isinstance(document, dict):
        raise invalid(f"JSON Value: {_preview(document)} Is not object")
    name = document.get("signature_name", "")
    if not isinstance(name, str):
        raise invalid(
            f"JSON Value: {_preview(name)} not formatted correctly. 'signature_name' key must be a string value."
        )
    forms = [form for form in (ROWS, COLUMNS) if form in document]
    if len(forms) == 2:
        raise invalid(f"Not formatted correctly expecting only one of '{COLUMNS}' or '{ROWS}' keys to exist")
    if not forms:
        raise invalid(f"Missing '{COLUMNS}' or '{ROWS}' key")
    (form,) = forms
    value = document[form]
    if form == ROWS and not isinstance(value, list):
        raise invalid(f"Excepting '{ROWS}' to be an list/array; got {_preview(value)}")
    if form == ROWS and not value:
        raise invalid(f"No values in '{ROWS}' array")
    return ParsedBody(name, form, value)


def read_inputs(body: ParsedBody, signature: ServedSignature, limits: Limits) -> dict[str, np.ndarray]:
    """Converts a parsed body to the inputs of a signature, name -> array.

    Raises:
        RequestError: if a name, type or shape does not match the signature, or if the inputs exceed the limits.
    """
    columns = (_columns_of_rows if body.form == ROWS else _columns)(body.value, signature)
    return {name: _array(name, value, signature, limits) for name, value in columns.items()}


def write_outputs(outputs: Mapping[str, np.ndarray], form: str) -> bytes:
    """Returns the body of an answer in the form of the request; a single output has no name.

    Raises:
        RequestError: in the row format, if the outputs have different numbers of rows.
    """
    if form == ROWS and len({len(array) if array.ndim else None for array in outputs.values()}) > 1:
        raise RequestError(Code.INTERNAL, "the outputs have different numbers of rows; use the format 'inputs'.")
    values = {name: _json_value(name, array) for name, array in outputs.items()}
    if len(values) == 1:
        (content,) = values.values()
    elif form == COLUMNS:
        content = values
    else:
        content = [dict(zip(values, row, strict=True)) for row in zip(*values.values(), strict=True)]
    return dumps({ANSWER[form]: content}, outputs.values())


def _columns_of_rows(rows: list, signature: ServedSignature) -> dict[str, Any]:
    is_named = isinstance(rows[0], dict) and not _is_base64(rows[0])
    if not is_named:
        if len(signature.inputs) > 1:
            raise invalid(
                "instances is a plain list, but expecting list of objects as multiple input tensors required: "
                f"{', '.join(sorted(signature.inputs))}"
            )
        return {name: rows for name in signature.inputs}
    for number, row in enumerate(rows):
        if not isinstance(row, dict):
            raise invalid(f"Expecting object but got {_kind(row)} at item {number} of input list")
        if set(row) != set(signature.inputs):
            raise invalid(
                f"Failed to process element: {number} of 'instances' list. JSON object keys must be equal to: "
                f"{','.join(sorted(signature.inputs))}; got {', '.join(sorted(row)) or 'none'}"
            )
    return {name: [row[name] for row in rows] for name in signature.inputs}


def _columns(value: Any, signature: ServedSignature) -> dict[str, Any]:
    if not isinstance(value, dict) or _is_base64(value):
        if len(signature.inputs) > 1:
            raise invalid(
                "inputs is a plain value/list, but expecting an object as multiple input tensors required: "
                f"{', '.join(sorted(signature.inputs))}"
            )
        return {name: value for name in signature.inputs}
    for name in signature.inputs:
        if name not in value:
            raise invalid(f"Missing named input: {name} in 'inputs' object.")
    return {name: value[name] for name in signature.inputs}


def _array(name: str, value: Any, signature: ServedSignature, limits: Limits) -> np.ndarray:
    dtype = signature.inputs[name].dtype
    shape, items = _flat(name, value)
    signature.check_tensor(name, dtype, shape, limits)
    target = np.dtype(object if dtype == tf.string else dtype.as_numpy_dtype)
    unexpected_types = set(map(type, items)) - TYPES[target.kind]
    if unexpected_types:
        example = next(_preview(item) for item in items if type(item) in unexpected_types)
        raise invalid(f"input {name!r}: JSON Value: {example} is not of expected type: {dtype.name}")
    if dtype == tf.string:
        items = [_bytes(name, item) for item in items]
    try:
        array = np.array(items, "float64" if target.kind == "f" else target)
    except OverflowError:
        raise invalid(f"input {name!r}: a JSON Value is not of expected type: {dtype.name}") from None
    with np.errstate(over="ignore"):
        converted = array.astype(target)
    if target.kind == "f" and (np.isinf(converted) & np.isfinite(array)).any():
        raise invalid(f"input {name!r}: Cannot convert a JSON value to {dtype.name} without loss of precision.")
    return converted.reshape(shape)


TYPES = {"f": {int, float}, "i": {int}, "u": {int}, "b": {bool}, "O": {str, dict}}
"""Kind of a dtype -> types of its values in parsed JSON."""


def _flat(name: str, value: Any) -> tuple[list[int], list]:
    """Returns the shape and the values of nested lists, much faster than NumPy if the innermost lists are short."""
    shape, items = [], [value]
    while items and type(items[0]) is list and len(shape) < MAX_DIMENSIONS:
        if set(map(type, items)) != {list} or len(set(map(len, items))) > 1:
            raise invalid(f"input {name!r}: expected lists of the same length at level {len(shape)}")
        shape.append(len(items[0]))
        items = list(itertools.chain.from_iterable(items))
    return shape, items


def _bytes(name: str, item: str | dict) -> bytes:
    if isinstance(item, str):
        try:
            return item.encode()
        except UnicodeEncodeError:
            raise invalid(f"input {name!r}: JSON Value: {_preview(item)} is not valid Unicode") from None
    if not _is_base64(item):
        raise invalid(f"input {name!r}: JSON Value: {_preview(item)} not formatted correctly for base64 data")
    try:
        return base64.b64decode(item["b64"], validate=True)
    except (binascii.Error, ValueError):
        raise invalid(f"input {name!r}: Unable to base64 decode") from None


def _json_value(name: str, array: np.ndarray) -> Any:
    if array.dtype.kind != "O":
        return array if array.dtype.name in ORJSON_DTYPES else array.astype("float32")
    if name.endswith("_bytes"):
        return np.vectorize(lambda text: {"b64": base64.b64encode(text).decode()}, otypes=[object])(array).tolist()
    return np.vectorize(lambda text: text.decode(errors="replace"), otypes=[object])(array).tolist()


ORJSON_DTYPES = {"float64", "float32", "int64", "int32", "uint64", "uint32", "int8", "uint8", "int16", "uint16", "bool"}


def _is_base64(value: Any) -> bool:
    return isinstance(value, dict) and set(value) == {"b64"} and isinstance(value["b64"], str)


def _kind(value: Any) -> str:
    return "list" if isinstance(value, list) else type(value).__name__


def _preview(value: Any, max_length: int = 80) -> str:
    """Returns a truncated value as JSON; only the length of lists and objects, which may be too large to write."""
    if isinstance(value, (list, dict)):
        return f"{_kind(value)} of {len(value)}"
    text = json.dumps(value[:max_length] if isinstance(value, str) else value)
    return text if len(text) <= max_length else text[:max_length] + "..."

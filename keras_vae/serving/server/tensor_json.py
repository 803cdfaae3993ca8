"""Tensors as JSON, in TensorFlow Serving's two formats: rows (`instances`) and columns (`inputs`).

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
from keras_vae.serving.server.request_error import Code, RequestError, invalid
from keras_vae.serving.server.servable import MOST_DIMENSIONS, Limits, Signature

ROWS, COLUMNS = "instances", "inputs"
SPARE_VALUES = 1000
ANSWER = {ROWS: "predictions", COLUMNS: "outputs"}


class Question(NamedTuple):
    """The body of a request, read but not yet understood.

    Attributes:
        signature_name: that it names; empty for the default.
        form: `"instances"` or `"inputs"`.
        value: what stands there.
    """

    signature_name: str
    form: str
    value: Any


def check_size(body: bytes, most_values: int | None) -> None:
    """Checks how many values a body holds, by its commas and brackets, before any of them takes memory.

    Args:
        body: the JSON of a request.
        most_values: the most that a signature of the model takes; None for no limit.

    Raises:
        RequestError: if there are more.
    """
    if most_values is None or len(body) <= most_values + SPARE_VALUES:
        return
    found = body.count(b",") + body.count(b"[") + body.count(b"{")
    if found > most_values + SPARE_VALUES:
        raise invalid(
            f"JSON Value: expected at most {most_values} numbers and lists, the size of the largest request that this "
            f"model takes; got {found}; send fewer rows at a time."
        )


def parse(body: bytes) -> Question:
    """Reads the body of a request.

    Raises:
        RequestError: if it is no JSON object with one of `instances` and `inputs`.
    """
    if not body:
        raise invalid("JSON Parse error: The document is empty")
    try:
        document = loads(body)
    except ValueError as error:
        raise invalid(f"JSON Parse error: {error}") from None
    if not isinstance(document, dict):
        raise invalid(f"JSON Value: {_shown(document)} Is not object")
    name = document.get("signature_name", "")
    if not isinstance(name, str):
        raise invalid(
            f"JSON Value: {_shown(name)} not formatted correctly. 'signature_name' key must be a string value."
        )
    found = [form for form in (ROWS, COLUMNS) if form in document]
    if len(found) == 2:
        raise invalid(f"Not formatted correctly expecting only one of '{COLUMNS}' or '{ROWS}' keys to exist")
    if not found:
        raise invalid(f"Missing '{COLUMNS}' or '{ROWS}' key")
    (form,) = found
    value = document[form]
    if form == ROWS and not isinstance(value, list):
        raise invalid(f"Excepting '{ROWS}' to be an list/array; got {_shown(value)}")
    if form == ROWS and not value:
        raise invalid(f"No values in '{ROWS}' array")
    return Question(name, form, value)


def read_inputs(question: Question, signature: Signature, limits: Limits) -> dict[str, np.ndarray]:
    """The inputs that a request gives to a signature, name -> array.

    Raises:
        RequestError: for a name, type or shape that the signature does not take, or more than `limits`.
    """
    columns = (_columns_of_rows if question.form == ROWS else _columns)(question.value, signature)
    return {name: _array(name, value, signature, limits) for name, value in columns.items()}


def write_outputs(outputs: Mapping[str, np.ndarray], form: str) -> bytes:
    """The body of an answer, in the form of the question; a single output goes without its name.

    Raises:
        RequestError: in rows, if outputs have different numbers of rows.
    """
    if form == ROWS and len({len(array) if array.ndim else None for array in outputs.values()}) > 1:
        raise RequestError(Code.INTERNAL, "the outputs have different numbers of rows; ask in columns ('inputs').")
    values = {name: _plain(name, array) for name, array in outputs.items()}
    if len(values) == 1:
        (answer,) = values.values()
    elif form == COLUMNS:
        answer = values
    else:
        answer = [dict(zip(values, row, strict=True)) for row in zip(*values.values(), strict=True)]
    return dumps({ANSWER[form]: answer}, outputs.values())


def _columns_of_rows(rows: list, signature: Signature) -> dict[str, Any]:
    named = isinstance(rows[0], dict) and not _is_base64(rows[0])
    if not named:
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


def _columns(value: Any, signature: Signature) -> dict[str, Any]:
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


def _array(name: str, value: Any, signature: Signature, limits: Limits) -> np.ndarray:
    dtype = signature.inputs[name].dtype
    shape, items = _flat(name, value)
    signature.check_tensor(name, dtype, shape, limits)
    target = np.dtype(object if dtype == tf.string else dtype.as_numpy_dtype)
    strange = set(map(type, items)) - TYPES[target.kind]
    if strange:
        shown = next(_shown(item) for item in items if type(item) in strange)
        raise invalid(f"input {name!r}: JSON Value: {shown} is not of expected type: {dtype.name}")
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
"""The kinds of dtypes, and what JSON has for them."""


def _flat(name: str, value: Any) -> tuple[list[int], list]:
    """The shape of nested lists, and what is in them; many times faster than NumPy where the innermost are short."""
    shape, items = [], [value]
    while items and type(items[0]) is list and len(shape) < MOST_DIMENSIONS:
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
            raise invalid(f"input {name!r}: JSON Value: {_shown(item)} is not valid Unicode") from None
    if not _is_base64(item):
        raise invalid(f"input {name!r}: JSON Value: {_shown(item)} not formatted correctly for base64 data")
    try:
        return base64.b64decode(item["b64"], validate=True)
    except (binascii.Error, ValueError):
        raise invalid(f"input {name!r}: Unable to base64 decode") from None


def _plain(name: str, array: np.ndarray) -> Any:
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


def _shown(value: Any, most: int = 80) -> str:
    """A value as JSON, cut; lists and objects may be too long and too deep to write."""
    if isinstance(value, (list, dict)):
        return f"{_kind(value)} of {len(value)}"
    text = json.dumps(value[:most] if isinstance(value, str) else value)
    return text if len(text) <= most else text[:most] + "..."

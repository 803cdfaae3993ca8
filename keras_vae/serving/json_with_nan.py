"""Reads and writes JSON like TensorFlow Serving: with NaN and Infinity, which the standard lacks, and with arrays."""

import json
import math
from collections.abc import Iterable
from typing import Any

import numpy as np


def dumps(document: Any, arrays: Iterable[np.ndarray]) -> bytes:
    """Writes a document. Floats have the fewest digits that reproduce their value exactly.

    Args:
        document: a document of dictionaries, lists and arrays.
        arrays: the arrays in the document, to check whether they are finite.

    Example:

    >>> y = np.array([0.1, np.nan], "float32")
    >>> dumps({"y": y[:1]}, [y[:1]]), dumps({"y": y[1:]}, [y[1:]])
    (b'{"y":[0.1]}', b'{"y":[NaN]}')
    """
    import orjson

    if all(array.dtype.kind != "f" or np.isfinite(array).all() for array in arrays):
        return orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY, default=np.ndarray.tolist)
    return _with_nan(document)


def _with_nan(value: Any) -> bytes:
    """Writes a document row by row, as only rows that are not finite need the slow encoder."""
    if isinstance(value, dict):
        return b"{%b}" % b",".join(b"%b:%b" % (_with_nan(name), _with_nan(item)) for name, item in value.items())
    if isinstance(value, list) or (isinstance(value, np.ndarray) and value.ndim > 1):
        return b"[%b]" % b",".join(map(_with_nan, value))
    if isinstance(value, np.ndarray) and (value.dtype.kind != "f" or np.isfinite(value).all()):
        return dumps(value, [])
    return json.dumps(value.tolist() if isinstance(value, (np.ndarray, np.generic)) else value).encode()


def loads(body: bytes) -> Any:
    """Reads a document.

    Raises:
        ValueError: if it is not valid JSON; the message states the reason.

    Example:

    >>> loads(b"[1.5, NaN]")
    [1.5, nan]
    """
    import orjson

    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        if b"NaN" not in body and b"Infinity" not in body:
            raise
        strict = error
    try:
        return DECODER.decode(body.decode())
    except (RecursionError, UnicodeDecodeError):
        raise strict from None


def _parse_float(text: str) -> float:
    """Parses a float; raises `ValueError` for digits that overflow, as only the word Infinity may mean infinity."""
    value = float(text)
    if math.isinf(value):
        raise ValueError(f"number is infinity when parsed as double: {text[:40]}")
    return value


def _parse_int(text: str) -> int:
    """Parses an integer; Python parses at most 4300 digits by default."""
    return int(text) if len(text) <= 4000 else int(_parse_float(text))


DECODER = json.JSONDecoder(parse_float=_parse_float, parse_int=_parse_int)

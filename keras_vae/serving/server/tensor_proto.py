"""Tensors in protos; the plain cases without TensorFlow's detours, which cost more than the rest of a small request."""

import math

import numpy as np
import tensorflow as tf
from tensorflow.core.framework import tensor_pb2, types_pb2

from keras_vae.serving.server.request_error import invalid
from keras_vae.serving.server.servable import MOST_DIMENSIONS, Limits, Signature

PLAIN = {
    np.dtype(name): getattr(types_pb2, f"DT_{kind}")
    for name, kind in (
        ("float32", "FLOAT"),
        ("float64", "DOUBLE"),
        ("int32", "INT32"),
        ("int64", "INT64"),
        ("bool", "BOOL"),
    )
}
VALUES = {
    **dict.fromkeys(("INT32", "INT16", "INT8", "UINT8", "UINT16"), "int_val"),
    **dict.fromkeys(("HALF", "BFLOAT16"), "half_val"),
    **{kind: f"{kind.lower()}_val" for kind in ("FLOAT", "DOUBLE", "INT64", "BOOL", "UINT32", "UINT64", "STRING")},
}


def read_tensor(name: str, tensor: tensor_pb2.TensorProto, signature: Signature, limits: Limits) -> np.ndarray:
    """The array in a proto, an input of a signature.

    A few bytes can claim any shape, of one value that is repeated. So what is claimed is checked first.

    Raises:
        RequestError: if it is malformed, too large, or nothing that the signature takes.
    """
    shape = [dim.size for dim in tensor.tensor_shape.dim[: MOST_DIMENSIONS + 1]]
    dtype = _dtype(tensor.dtype)
    signature.check_tensor(name, dtype, shape, limits)
    content, size = tensor.tensor_content, math.prod(shape)
    if content and dtype != tf.string:
        if len(content) != dtype.size * size:
            raise invalid(
                f"input {name!r}: expected {dtype.size * size} bytes for shape {shape} of {dtype.name}; "
                f"got {len(content)}."
            )
        array = np.frombuffer(content, dtype.as_numpy_dtype).reshape(shape)
        return array.view("uint8") != 0 if dtype == tf.bool else array  # a byte of 7 is no bool of NumPy's
    _check_values(name, tensor, dtype, size, limits)
    try:
        return tf.make_ndarray(tensor)
    except Exception as error:  # whatever a malformed TensorProto provokes
        raise invalid(f"input {name!r}: it is no valid tensor of shape {shape} of {dtype.name}.") from error


def _check_values(name, tensor, dtype, size, limits):
    """The last value is repeated up to the size of the tensor, and each copy of a string takes memory in the graph."""
    values = getattr(tensor, VALUES.get(_named(tensor.dtype), "float_val"))
    if tensor.tensor_content:
        raise invalid(f"input {name!r}: expected strings in string_val; got tensor_content.")
    if len(values) > size:
        raise invalid(f"input {name!r}: expected {size} value(s) of {dtype.name}; got {len(values)}.")
    if dtype == tf.string and values:
        total = sum(map(len, values)) + (size - len(values)) * len(values[-1])
        if total > limits.bytes:
            raise invalid(f"input {name!r}: expected at most {limits.bytes} bytes; got {total}.")


def _dtype(code: int) -> tf.DType | str:
    try:
        return tf.dtypes.as_dtype(code)
    except TypeError:
        return _named(code)


def _named(code: int) -> str:
    name = types_pb2.DataType.Name(code) if code in types_pb2.DataType.values() else f"type {code}"
    return name.removeprefix("DT_")


def write_tensor(array: np.ndarray) -> tensor_pb2.TensorProto:
    """The proto of an array."""
    if array.dtype not in PLAIN:
        return tf.make_tensor_proto(array)
    tensor = tensor_pb2.TensorProto(dtype=PLAIN[array.dtype], tensor_content=array.tobytes())
    for size in array.shape:
        tensor.tensor_shape.dim.add(size=size)
    return tensor

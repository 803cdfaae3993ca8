"""Tensors in protos. Common dtypes bypass TensorFlow's conversion, which takes most of the time of a small request."""

import math

import numpy as np
import tensorflow as tf
from tensorflow.core.framework import tensor_pb2, types_pb2

from keras_vae.serving.server.model_version import MAX_DIMENSIONS, Limits, ServedSignature
from keras_vae.serving.server.request_error import invalid

NUMPY_TO_PROTO = {
    np.dtype(name): getattr(types_pb2, f"DT_{kind}")
    for name, kind in (
        ("float32", "FLOAT"),
        ("float64", "DOUBLE"),
        ("int32", "INT32"),
        ("int64", "INT64"),
        ("bool", "BOOL"),
    )
}
VALUE_FIELDS = {
    **dict.fromkeys(("INT32", "INT16", "INT8", "UINT8", "UINT16"), "int_val"),
    **dict.fromkeys(("HALF", "BFLOAT16"), "half_val"),
    **{kind: f"{kind.lower()}_val" for kind in ("FLOAT", "DOUBLE", "INT64", "BOOL", "UINT32", "UINT64", "STRING")},
}


def read_tensor(name: str, tensor: tensor_pb2.TensorProto, signature: ServedSignature, limits: Limits) -> np.ndarray:
    """Reads an input of a signature from a proto.

    A few bytes can claim any shape, as a single value may be repeated. The claimed shape is therefore checked first.

    Raises:
        RequestError: if the proto is malformed, too large, or does not match the signature.
    """
    shape = [dim.size for dim in tensor.tensor_shape.dim[: MAX_DIMENSIONS + 1]]
    signature.check_tensor(name, _dtype(tensor.dtype), shape, limits)
    dtype = signature.inputs[name].dtype
    content, size = tensor.tensor_content, math.prod(shape)
    if content and dtype != tf.string:
        if len(content) != dtype.size * size:
            raise invalid(
                f"input {name!r}: expected {dtype.size * size} bytes for shape {shape} of {dtype.name}; "
                f"got {len(content)}."
            )
        array = np.frombuffer(content, dtype.as_numpy_dtype).reshape(shape)
        return (
            array.view("uint8") != 0 if dtype == tf.bool else array
        )  # bytes other than 0 and 1 are not valid booleans in NumPy
    _check_values(name, tensor, dtype, size, limits)
    try:
        return tf.make_ndarray(tensor)
    except Exception as error:  # a malformed TensorProto raises errors of many classes
        raise invalid(f"input {name!r}: expected a valid tensor of shape {shape} of {dtype.name}.") from error


def _check_values(name, tensor, dtype, size, limits):
    """Checks the values. The last value is repeated to fill the tensor, and each copy of a string takes memory."""
    values = getattr(tensor, VALUE_FIELDS.get(_type_name(tensor.dtype), "float_val"))
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
        return _type_name(code)


def _type_name(code: int) -> str:
    name = types_pb2.DataType.Name(code) if code in types_pb2.DataType.values() else f"type {code}"
    return name.removeprefix("DT_")


def write_tensor(array: np.ndarray) -> tensor_pb2.TensorProto:
    """Writes an array to a proto."""
    if array.dtype not in NUMPY_TO_PROTO:
        return tf.make_tensor_proto(array)
    tensor = tensor_pb2.TensorProto(dtype=NUMPY_TO_PROTO[array.dtype], tensor_content=array.tobytes())
    for size in array.shape:
        tensor.tensor_shape.dim.add(size=size)
    return tensor

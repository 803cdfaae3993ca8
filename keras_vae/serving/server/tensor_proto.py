"""Tensors in protos; the plain cases without TensorFlow's detours, which cost more than the rest of a small request."""

import math

import numpy as np
import tensorflow as tf
from tensorflow.core.framework import tensor_pb2, types_pb2

from keras_vae.serving.server.request_error import invalid

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
NAMES = {code: dtype for dtype, code in PLAIN.items()}


def read_tensor(name: str, tensor: tensor_pb2.TensorProto) -> np.ndarray:
    """The array in a proto.

    Raises:
        RequestError: if it is malformed.
    """
    shape = [dim.size for dim in tensor.tensor_shape.dim]
    content, dtype = tensor.tensor_content, NAMES.get(tensor.dtype)
    plain = content and dtype is not None and min(shape, default=1) > 0
    if plain and len(content) == dtype.itemsize * math.prod(shape):
        return np.frombuffer(content, dtype).reshape(shape)
    try:
        return tf.make_ndarray(tensor)
    except Exception as error:  # whatever a malformed TensorProto provokes
        kind = types_pb2.DataType.Name(tensor.dtype) if tensor.dtype in types_pb2.DataType.values() else tensor.dtype
        reason = " ".join(str(error).split())[:200]
        raise invalid(f"input {name!r}: it is no valid tensor of {kind}: {reason}") from error


def write_tensor(array: np.ndarray) -> tensor_pb2.TensorProto:
    """The proto of an array."""
    if array.dtype not in PLAIN:
        return tf.make_tensor_proto(array)
    tensor = tensor_pb2.TensorProto(dtype=PLAIN[array.dtype], tensor_content=array.tobytes())
    for size in array.shape:
        tensor.tensor_shape.dim.add(size=size)
    return tensor

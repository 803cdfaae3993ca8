"""Protos are checked before they are expanded."""

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.framework import tensor_pb2, types_pb2
from tensorflow_serving.apis import predict_pb2

from keras_vae.serving.server.model_version import Limits, ServedSignature
from keras_vae.serving.server.request_error import Code, RequestError
from keras_vae.serving.server.tensor_proto import read_tensor, write_tensor
from keras_vae.serving.server.wire import check_predict_request

DTYPES = ("float32", "float64", "float16", "bfloat16", "int8", "uint8", "int16", "uint16", "int32", "int64", "uint32",
          "uint64", "bool")  # fmt: skip


def signature(dtype="float32", shape=(None, 2)):
    return ServedSignature("s", {"x": tf.TensorSpec(shape, dtype)}, {})


def proto(dtype=types_pb2.DT_FLOAT, shape=(), unknown_rank=False, **values):
    tensor = tensor_pb2.TensorProto(dtype=dtype, **values)
    tensor.tensor_shape.unknown_rank = unknown_rank
    for size in shape:
        tensor.tensor_shape.dim.add(size=size)
    return tensor


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_type_is_read_however_it_is_written(dtype):
    array = np.array([[0, 1], [1, 1]]).astype(tf.as_dtype(dtype).as_numpy_dtype)
    of = signature(dtype)
    tensors = [write_tensor(array), tf.make_tensor_proto(array)]
    repeated = tf.make_tensor_proto(array.ravel()[:2], shape=[2, 2])  # the last value stands for the rest
    for tensor in (*tensors, repeated):
        read = read_tensor("x", tensor, of, Limits())
        assert read.dtype == array.dtype and read.tolist() == array.tolist()


def test_strings_and_what_is_left_out():
    of = signature("string", (None,))
    assert read_tensor("x", tf.make_tensor_proto([b"a", b""]), of, Limits()).tolist() == [b"a", b""]
    assert read_tensor("x", proto(shape=[1, 2]), signature(), Limits()).tolist() == [[0.0, 0.0]]
    read = read_tensor(
        "x", proto(types_pb2.DT_BOOL, [3], tensor_content=b"\0\1\7"), signature("bool", (None,)), Limits()
    )
    assert read.tolist() == [False, True, True]


WRONG = {
    "a claim": (proto(shape=[10**9, 2], float_val=[1.0]), "expected at most 1024 rows in a request; got 1000000000"),
    "another claim": (proto(shape=[2, 10**9], float_val=[1.0]), "expected shape [?, 2]; got [2, 1000000000]"),
    "all there is": (proto(shape=[2**63 - 1] * 2, float_val=[1.0]), "expected shape [?, 2]; got"),
    "less than nothing": (proto(shape=[-1, 2], float_val=[1.0]), "expected sizes of 0 or more; got [-1, 2]"),
    "a rank of 300": (proto(shape=[1] * 300, float_val=[1.0]), "expected shape [?, 2]; got more than 32 dimensions"),
    "no rank": (proto(unknown_rank=True, float_val=[1.0]), "expected shape [?, 2]; got []"),
    "a reference": (proto(types_pb2.DT_FLOAT_REF, [1, 2], float_val=[1.0]), "expected float32; got float32_ref"),
    "no type": (proto(0, [1, 2]), "expected float32; got INVALID"),
    "an unknown type": (proto(9999, [1, 2]), "expected float32; got type 9999"),
    "a resource": (proto(types_pb2.DT_RESOURCE, [1, 2]), "expected float32; got resource"),
    "another type": (proto(types_pb2.DT_DOUBLE, [1, 2], double_val=[1.0]), "expected float32; got float64"),
    "too few bytes": (
        proto(shape=[1, 2], tensor_content=b"1234567"),
        "expected 8 bytes for shape [1, 2] of float32; got 7",
    ),
    "too many bytes": (proto(shape=[1, 2], tensor_content=b"1" * 12), "expected 8 bytes"),
    "too many values": (proto(shape=[1, 2], float_val=[1.0] * 3), "expected 2 value(s) of float32; got 3"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_refused_unexpanded(name, monkeypatch):
    monkeypatch.setattr(tf, "make_ndarray", lambda tensor: pytest.fail("expanded"))
    tensor, message = WRONG[name]
    with pytest.raises(RequestError) as refused:
        read_tensor("x", tensor, signature(), Limits())
    assert refused.value.code == Code.INVALID_ARGUMENT and message in refused.value.message


@pytest.mark.parametrize(
    ("tensor", "message"),
    [
        (proto(types_pb2.DT_STRING, [1000], string_val=[b"a" * 1000]), "expected at most 10000 bytes; got 1000000"),
        (proto(types_pb2.DT_STRING, [1], string_val=[b"a", b"b"]), "expected 1 value(s) of string; got 2"),
        (proto(types_pb2.DT_STRING, [1], tensor_content=b"a"), "expected strings in string_val"),
        (proto(types_pb2.DT_STRING, [1001], string_val=[b""]), "expected at most 1000 rows"),
    ],
)
def test_a_string_is_not_repeated_without_end(tensor, message):
    with pytest.raises(RequestError) as refused:
        read_tensor("x", tensor, signature("string", (None,)), Limits(rows=1000, bytes=10_000))
    assert message in refused.value.message


def test_free_dimensions_have_a_limit_in_bytes():
    with pytest.raises(RequestError, match="expected at most 1000 bytes; got shape"):
        read_tensor("x", proto(shape=[1, 251], float_val=[1.0]), signature(shape=(None, None)), Limits(bytes=1000))
    with pytest.raises(RequestError, match="expected at most 1024 rows"):
        read_tensor("x", proto(shape=[1025], float_val=[1.0]), signature(shape=None), Limits())


def request(**changes):
    message = predict_pb2.PredictRequest()
    message.inputs["x"].CopyFrom(proto(**changes))
    return message.SerializeToString()


def test_ordinary_messages_pass():
    for values in (
        {"float_val": [1.0] * 50_000},
        {"int_val": [1] * 100_000},
        {"string_val": [b"a"] * 1024},
        {"tensor_content": b"1" * 500_000},
    ):
        check_predict_request(request(shape=[2, 3], **values), Limits(1024, 10**6))


@pytest.mark.parametrize(
    "message",
    [
        b"\x12\x00" * 20_000,
        b"\x1a\x00" * 20_000,
        request(shape=[1] * 20_000),
        request(string_val=[b""] * 20_000),
        request(int64_val=[1] * 200_000),
        request(variant_val=[{}], string_val=[b"a" * 99_999]),
        request(resource_handle_val=[{}], string_val=[b"a" * 99_999]),
        request(string_val=[b"a" * 99_999])[:-1],
        b"\x0b" * 99_999,
        b"\xff" * 99_999,
    ],
    ids=["inputs", "outputs", "dims", "strings", "integers", "variant", "resource", "cut", "group", "varint"],
)
def test_what_would_swell_is_refused_unparsed(message):
    with pytest.raises(RequestError) as refused:
        check_predict_request(message, Limits(1024, 10**6))
    assert refused.value.code == Code.INVALID_ARGUMENT

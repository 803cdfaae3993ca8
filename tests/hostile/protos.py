"""Messages to the gRPC port: tensors that claim what they do not hold, and messages that are none."""

import grpc
import numpy as np
from tensorflow.core.framework import tensor_pb2, types_pb2
from tensorflow_serving.apis import get_model_metadata_pb2, get_model_status_pb2, predict_pb2

from hostile.kind import SERVER, Kind, Target, WrongAnswerError, mutated, one_of

SERVICE = "/tensorflow.serving.PredictionService"
FIELDS = ("float_val", "double_val", "int_val", "int64_val", "bool_val", "half_val", "uint32_val", "uint64_val")
NAMES = ("", "m", "nothing", "../etc", "a\nb", "\x00", "é" * 40, "x" * 5000, "m/versions/1", "%s%n", "{0}")
OURS = {"INTERNAL", "UNKNOWN", "DATA_LOSS", "UNAVAILABLE"}
"""The codes that blame the server."""


def dimension(rng):
    return one_of(rng, 0, 1, 2, 8, 64, 1024, 1025, 10**6, 2**31 - 1, 2**31, 2**62, 2**63 - 1, -1, -2, -(2**63))


def shape(rng):
    kind = int(rng.integers(6))
    if kind == 0:
        return [1, 8, 8, 1]
    if kind == 1:
        return [one_of(rng, 2, 1024, 1025, 10**9, 2**40), 8, 8, 1]
    if kind == 2:
        return [1] * int(rng.integers(0, 300))
    if kind == 3 and rng.random() < 0.1:
        return [1] * 30_000
    return [dimension(rng) for _ in range(rng.integers(0, 6))]


def tensor(rng):
    """A tensor of any type, shape and content; only a few bytes of it are there."""
    proto = tensor_pb2.TensorProto(dtype=one_of(rng, 1, 1, 1, 7, 3, *types_pb2.DataType.values(), 57, 9999, -1))
    for size in shape(rng):
        proto.tensor_shape.dim.add(size=size, name=one_of(rng, "", "", "n"))
    proto.tensor_shape.unknown_rank = rng.random() < 0.05
    kind = int(rng.integers(7))
    if kind == 0:
        proto.tensor_content = rng.bytes(one_of(rng, 1, 4, 255, 256, 257, 4096))
    elif kind == 1:
        values = getattr(proto, one_of(rng, *FIELDS))
        values.extend([1] * one_of(rng, 1, 2, 64, 65))
    elif kind == 2:
        proto.float_val.extend(rng.choice([0.5, np.nan, np.inf, -np.inf, 1e-45, 3e38], one_of(rng, 1, 64)))
    elif kind == 3:
        proto.string_val.extend([rng.bytes(int(rng.integers(0, 50)))] * one_of(rng, 1, 2, 1000))
    elif kind == 4:
        proto.string_val.append(rng.bytes(one_of(rng, 10, 100_000)))
    elif kind == 5:
        one_of(rng, proto.resource_handle_val, proto.variant_val).add()
    return proto


def predict_request(rng):
    """A request whose tensors are hostile."""
    request = predict_pb2.PredictRequest()
    request.model_spec.name = one_of(rng, *["m"] * 12, *NAMES)
    request.model_spec.signature_name = one_of(rng, "", "encode", "encode_bytes", "decode", "generate", *NAMES)
    if rng.random() < 0.1:
        request.model_spec.version.value = dimension(rng)
    elif rng.random() < 0.1:
        request.model_spec.version_label = one_of(rng, *NAMES)
    name = one_of(rng, "x", "x", "x", "z", "image_bytes", "seed", *NAMES)
    request.inputs[name].CopyFrom(tensor(rng))
    for extra in range(one_of(rng, 0, 0, 0, 0, 1, 500)):
        request.inputs[f"{extra}"].CopyFrom(tensor_pb2.TensorProto(dtype=1))
    if rng.random() < 0.1:
        request.output_filter.extend([one_of(rng, "mean", *NAMES)] * one_of(rng, 1, 2, 1000))
    return "Predict", request.SerializeToString()


def sound():
    """A message that is answered."""
    request = predict_pb2.PredictRequest()
    request.model_spec.name, request.model_spec.signature_name = "m", "encode"
    proto = tensor_pb2.TensorProto(dtype=1, tensor_content=np.full(64, 0.5, "float32").tobytes())
    for size in (1, 8, 8, 1):
        proto.tensor_shape.dim.add(size=size)
    request.inputs["x"].CopyFrom(proto)
    return request.SerializeToString()


def broken_message(rng):
    """A sound message with damage, random bytes, or a message to a method that takes another."""
    kind = int(rng.integers(6))
    if kind == 0:
        return one_of(rng, "Predict", "GetModelMetadata", "Nothing", "Classify"), rng.bytes(int(rng.integers(0, 200)))
    if kind == 1:
        message = get_model_metadata_pb2.GetModelMetadataRequest()
        message.model_spec.name = one_of(rng, *NAMES)
        message.metadata_field.extend([one_of(rng, "signature_def", *NAMES)] * one_of(rng, 0, 1, 2, 20_000))
        return "GetModelMetadata", message.SerializeToString()
    if kind == 2:
        message = get_model_status_pb2.GetModelStatusRequest()
        message.model_spec.version.value = dimension(rng)
        return one_of(rng, "Predict", "GetModelMetadata", "Regress"), message.SerializeToString()
    return "Predict", mutated(rng, sound())


def swollen_message(rng):
    """A message of two-byte fields, each of which becomes an object of a hundred bytes."""
    number = one_of(rng, 1000, 100_000, 500_000)
    dims = b"\x12\x00" * number  # of a shape
    strings = b"\x42\x00" * number  # string_val
    varints = b"\x52" + _varint(number) + b"\x01" * number  # int64_val, packed
    kind = int(rng.integers(5))
    if kind == 0:
        return "Predict", b"\x12\x00" * number  # inputs
    if kind == 1:
        return "Predict", b"\x1a\x00" * number  # output_filter
    inner = {2: b"\x08\x01\x12" + _varint(len(dims)) + dims, 3: b"\x08\x07" + strings, 4: b"\x08\x09" + varints}[kind]
    entry = b"\x0a\x01x\x12" + _varint(len(inner)) + inner
    return "Predict", b"\x0a\x03\x0a\x01m\x12" + _varint(len(entry)) + entry


def _varint(value: int) -> bytes:
    parts = []
    while value >= 0x80:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*parts, value])


_channels: dict[Target, grpc.Channel] = {}


def ask(call: tuple[str, bytes], target: Target) -> str:
    """The code of the answer.

    Raises:
        WrongAnswerError: if the server blames itself, or does not answer.
    """
    method, message = call
    if target not in _channels:
        _channels[target] = grpc.insecure_channel(f"{target.host}:{target.grpc_port}")
    try:
        _channels[target].unary_unary(f"{SERVICE}/{method}")(message, timeout=30)
    except grpc.RpcError as error:
        code, details = error.code().name, error.details() or ""
        if code in OURS or code == "DEADLINE_EXCEEDED" or "Traceback" in details or "\n" in details:
            raise WrongAnswerError(f"{code}: {details[:200]}") from None
        return code
    return "OK"


KINDS = [
    Kind("tensors", predict_request, ask, SERVER),
    Kind("messages", broken_message, ask, SERVER),
    Kind("swollen messages", swollen_message, ask, SERVER),
]

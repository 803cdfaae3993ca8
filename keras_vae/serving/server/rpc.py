"""The gRPC API of TensorFlow Serving: PredictionService and ModelService."""

from collections.abc import Sequence
from typing import Any

import grpc
from google.protobuf.message import DecodeError
from tensorflow_serving.apis import get_model_metadata_pb2, get_model_status_pb2, model_pb2, predict_pb2

from keras_vae.serving.server.context import Account, Context
from keras_vae.serving.server.model_version import Arrays, ModelVersion, ServedSignature
from keras_vae.serving.server.replies import SIGNATURES, metadata_response, status_response
from keras_vae.serving.server.request_error import Code, RequestError, invalid
from keras_vae.serving.server.tensor_proto import read_tensor, write_tensor
from keras_vae.serving.server.wire import check_predict_request, malformed_message

STATUS = {code.value[0]: code for code in grpc.StatusCode}
PING_SECONDS = 60
"""The interval of keepalive pings to an idle client."""

MAX_STREAMS = 128
"""The maximum number of concurrent requests of one connection, as in nginx."""
MAX_SMALL_BYTES = 64 * 2**10
"""The maximum size of a request without tensors."""


def rpc_server(context: Context) -> grpc.aio.Server:
    """Returns a server for both services, not started and without a port."""
    options = context.options
    server = grpc.aio.server(
        options=[
            ("grpc.max_receive_message_length", options.max_request_bytes),
            ("grpc.max_send_message_length", -1),
            ("grpc.so_reuseport", 0),
            ("grpc.max_allowed_incoming_connections", options.max_connections),
            ("grpc.max_concurrent_streams", MAX_STREAMS),
            ("grpc.max_connection_idle_ms", round(1000 * options.keep_alive_seconds)),
            ("grpc.server_handshake_timeout_ms", round(1000 * options.header_seconds)),
            ("grpc.keepalive_time_ms", 1000 * PING_SECONDS),
            ("grpc.keepalive_timeout_ms", round(1000 * options.send_seconds)),
            ("grpc.max_metadata_size", options.max_header_bytes),
            ("grpc.absolute_max_metadata_size", options.max_header_bytes),
            # No limit applies to the size of a decompressed message, so compression is disabled.
            ("grpc.compression_enabled_algorithms_bitset", 1),
        ],
        maximum_concurrent_rpcs=options.max_connections,
    )
    prediction, model = _PredictionService(context), _ModelService(context)
    server.add_generic_rpc_handlers(
        (
            _service("tensorflow.serving.PredictionService", prediction, PREDICTION),
            _service("tensorflow.serving.ModelService", model, MODEL),
        )
    )
    return server


PREDICTION = ("Predict", "GetModelMetadata", "Classify", "Regress", "MultiInference")
MODEL = ("GetModelStatus", "HandleReloadConfigRequest")


def _serialize(response: Any) -> bytes:
    return response.SerializeToString()


def _service(name: str, service: object, methods: Sequence[str]) -> grpc.GenericRpcHandler:
    """Returns the handlers of a service. They receive raw bytes, to return a clear error for malformed messages."""
    handlers = {
        method: grpc.unary_unary_rpc_method_handler(getattr(service, method), response_serializer=_serialize)
        for method in methods
    }
    return grpc.method_handlers_generic_handler(name, handlers)


def _method(answer):
    """Wraps a method of a service to count its requests and to return errors as gRPC codes."""

    async def method(self, message, call):
        try:
            with self.context.account("grpc") as account:
                return await answer(self, message, call, account)
        except RequestError as error:
            code, reason = STATUS[int(error.code)], error.message
        await call.abort(code, reason)

    return method


def _parse(kind, message: bytes):
    try:
        return kind.FromString(message)
    except DecodeError:
        raise malformed_message() from None


def _parse_small(kind, message: bytes):
    """Parses a request without tensors."""
    if len(message) > MAX_SMALL_BYTES:
        raise invalid(f"expected a message of at most {MAX_SMALL_BYTES} bytes, got {len(message)}.")
    return _parse(kind, message)


class _PredictionService:
    def __init__(self, context: Context):
        self.context = context

    @_method
    async def Predict(self, message, call, account):  # noqa: N802, the protocol's name
        run = self.context.readers.run
        with self.context.request_memory.request() as request_bytes:
            request_bytes.add(len(message))
            request, model_version, signature, inputs = await run(len(message), self._read, message, account)
            output_names = _filter(request, signature)
            seconds = call.time_remaining()
            outputs = await self.context.predictor.predict(
                model_version, signature, inputs, outputs=output_names, seconds=seconds
            )
            size = sum(array.nbytes for array in outputs.values())
            return await run(size, _response, model_version, signature, outputs)

    def _read(self, message: bytes, account: Account):
        """Parses a message; returns the request, the version of the model, its signature and the inputs."""
        check_predict_request(message, self.context.limits)
        request = _parse(predict_pb2.PredictRequest, message)
        model_version = self.context.repository.get(*_spec(request))
        account.model, account.version = model_version.name, model_version.version
        signature = model_version.signature(request.model_spec.signature_name)
        if signature is None:
            raise RequestError(
                Code.FAILED_PRECONDITION, f'Serving signature key "{request.model_spec.signature_name}" not found.'
            )
        account.signature = signature.name
        signature.check_names(request.inputs)
        limits = self.context.limits
        inputs = {name: read_tensor(name, tensor, signature, limits) for name, tensor in request.inputs.items()}
        return request, model_version, signature, inputs

    @_method
    async def GetModelMetadata(self, message, call, account):  # noqa: N802, the protocol's name
        request = _parse_small(get_model_metadata_pb2.GetModelMetadataRequest, message)
        if not request.metadata_field:
            raise invalid("GetModelMetadataRequest must specify at least one metadata_field")
        for field in request.metadata_field:
            if field != SIGNATURES:
                raise invalid(f"Metadata field {field} is not supported")
        model_version = self.context.repository.get(*_spec(request))
        account.model, account.version, account.signature = model_version.name, model_version.version, "metadata"
        return metadata_response(model_version)

    @_method
    async def Classify(self, message, call, account):  # noqa: N802, the protocol's name
        raise RequestError(Code.UNIMPLEMENTED, "these models have predict signatures; call Predict.")

    Regress = MultiInference = Classify


class _ModelService:
    def __init__(self, context: Context):
        self.context = context

    @_method
    async def GetModelStatus(self, message, call, account):  # noqa: N802, the protocol's name
        name, version, label = _spec(_parse_small(get_model_status_pb2.GetModelStatusRequest, message))
        statuses = self.context.repository.statuses(name, version, label)
        account.model, account.signature = name, "status"
        return status_response(statuses)

    @_method
    async def HandleReloadConfigRequest(self, message, call, account):  # noqa: N802, the protocol's name
        raise RequestError(Code.UNIMPLEMENTED, "the server reads its configuration from models.config; edit the file.")


def _response(model_version: ModelVersion, signature: ServedSignature, outputs: Arrays) -> predict_pb2.PredictResponse:
    response = predict_pb2.PredictResponse()
    response.model_spec.name = model_version.name
    response.model_spec.version.value = model_version.version
    response.model_spec.signature_name = signature.name
    for name, array in outputs.items():
        response.outputs[name].CopyFrom(write_tensor(array))
    return response


def _spec(
    request: predict_pb2.PredictRequest
    | get_model_metadata_pb2.GetModelMetadataRequest
    | get_model_status_pb2.GetModelStatusRequest,
) -> tuple[str, int | None, str | None]:
    """Returns the name, the version and the label of the model in a request."""
    if not request.HasField("model_spec"):
        raise invalid("Missing ModelSpec")
    spec: model_pb2.ModelSpec = request.model_spec
    choice = spec.WhichOneof("version_choice")
    return (
        spec.name,
        spec.version.value if choice == "version" else None,
        spec.version_label if choice == "version_label" else None,
    )


def _filter(request, signature) -> set[str] | None:
    for name in request.output_filter:
        if name not in signature.outputs:
            raise invalid(f"output tensor alias not found in signature: {name}; it has {', '.join(signature.outputs)}.")
    return set(request.output_filter) or None

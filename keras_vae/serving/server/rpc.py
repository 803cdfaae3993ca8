"""gRPC on TensorFlow Serving's own protos: PredictionService and ModelService."""

from collections.abc import Sequence

import grpc
from google.protobuf.message import DecodeError
from tensorflow_serving.apis import get_model_metadata_pb2, get_model_status_pb2, model_pb2, predict_pb2

from keras_vae.serving.server.context import Account, Context
from keras_vae.serving.server.replies import SIGNATURES, metadata_response, status_response
from keras_vae.serving.server.request_error import Code, RequestError, invalid
from keras_vae.serving.server.servable import Arrays, Servable, Signature
from keras_vae.serving.server.tensor_proto import read_tensor, write_tensor
from keras_vae.serving.server.wire import check_predict_request, malformed

STATUS = {code.value[0]: code for code in grpc.StatusCode}
PING_SECONDS = 60
"""How often a silent client is asked whether it is there."""

MOST_STREAMS = 128
"""Requests of one connection at the same time, as in nginx."""
MOST_QUESTION_BYTES = 64 * 2**10
"""Of a request that brings no tensors."""


def rpc_server(context: Context) -> grpc.aio.Server:
    """A server for both services, not started and without a port."""
    options = context.options
    server = grpc.aio.server(
        options=[
            ("grpc.max_receive_message_length", options.max_request_bytes),
            ("grpc.max_send_message_length", -1),
            ("grpc.so_reuseport", 0),
            ("grpc.max_allowed_incoming_connections", options.max_connections),
            ("grpc.max_concurrent_streams", MOST_STREAMS),
            ("grpc.max_connection_idle_ms", round(1000 * options.keep_alive_seconds)),
            ("grpc.server_handshake_timeout_ms", round(1000 * options.header_seconds)),
            ("grpc.keepalive_time_ms", 1000 * PING_SECONDS),
            ("grpc.keepalive_timeout_ms", round(1000 * options.send_seconds)),
            ("grpc.max_metadata_size", options.max_header_bytes),
            ("grpc.absolute_max_metadata_size", options.max_header_bytes),
            # A message is unpacked whatever size it has then; so none may be packed.
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


def _service(name: str, service: object, methods: Sequence[str]) -> grpc.GenericRpcHandler:
    """The handlers of a service; they parse the messages themselves, so that what cannot be parsed is told plainly."""
    handlers = {
        method: grpc.unary_unary_rpc_method_handler(
            getattr(service, method), response_serializer=lambda response: response.SerializeToString()
        )
        for method in methods
    }
    return grpc.method_handlers_generic_handler(name, handlers)


def _method(answer):
    """A method of a service: counted, with its refusals as gRPC's codes."""

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
        raise malformed() from None


def _question(kind, message: bytes):
    """A request that brings no tensors."""
    if len(message) > MOST_QUESTION_BYTES:
        raise invalid(f"the message has {len(message)} bytes; expected at most {MOST_QUESTION_BYTES}.")
    return _parse(kind, message)


class _PredictionService:
    def __init__(self, context: Context):
        self.context = context

    @_method
    async def Predict(self, message, call, account):  # noqa: N802, the protocol's name
        run = self.context.readers.run
        with self.context.room.hold() as held:
            held.add(len(message))
            request, servable, signature, inputs = await run(len(message), self._read, message, account)
            wanted = _filter(request, signature)
            seconds = call.time_remaining()
            outputs = await self.context.predictor.predict(servable, signature, inputs, outputs=wanted, seconds=seconds)
            size = sum(array.nbytes for array in outputs.values())
            return await run(size, _response, servable, signature, outputs)

    def _read(self, message: bytes, account: Account):
        """What a message asks: itself, a version of a model, a signature of it and the inputs."""
        check_predict_request(message, self.context.limits)
        request = _parse(predict_pb2.PredictRequest, message)
        servable = self.context.repository.get(*_spec(request))
        account.model, account.version = servable.name, servable.version
        signature = servable.signature(request.model_spec.signature_name)
        if signature is None:
            raise RequestError(
                Code.FAILED_PRECONDITION, f'Serving signature key "{request.model_spec.signature_name}" not found.'
            )
        account.signature = signature.name
        signature.check_names(request.inputs)
        limits = self.context.limits
        inputs = {name: read_tensor(name, tensor, signature, limits) for name, tensor in request.inputs.items()}
        return request, servable, signature, inputs

    @_method
    async def GetModelMetadata(self, message, call, account):  # noqa: N802, the protocol's name
        request = _question(get_model_metadata_pb2.GetModelMetadataRequest, message)
        if not request.metadata_field:
            raise invalid("GetModelMetadataRequest must specify at least one metadata_field")
        for field in request.metadata_field:
            if field != SIGNATURES:
                raise invalid(f"Metadata field {field} is not supported")
        servable = self.context.repository.get(*_spec(request))
        account.model, account.version, account.signature = servable.name, servable.version, "metadata"
        return metadata_response(servable)

    @_method
    async def Classify(self, message, call, account):  # noqa: N802, the protocol's name
        raise RequestError(Code.UNIMPLEMENTED, "these models have predict signatures: call Predict.")

    Regress = MultiInference = Classify


class _ModelService:
    def __init__(self, context: Context):
        self.context = context

    @_method
    async def GetModelStatus(self, message, call, account):  # noqa: N802, the protocol's name
        name, version, label = _spec(_question(get_model_status_pb2.GetModelStatusRequest, message))
        statuses = self.context.repository.statuses(name, version, label)
        account.model, account.signature = name, "status"
        return status_response(statuses)

    @_method
    async def HandleReloadConfigRequest(self, message, call, account):  # noqa: N802, the protocol's name
        raise RequestError(Code.UNIMPLEMENTED, "the configuration is read from models.config; edit the file.")


def _response(servable: Servable, signature: Signature, outputs: Arrays) -> predict_pb2.PredictResponse:
    response = predict_pb2.PredictResponse()
    response.model_spec.name = servable.name
    response.model_spec.version.value = servable.version
    response.model_spec.signature_name = signature.name
    for name, array in outputs.items():
        response.outputs[name].CopyFrom(write_tensor(array))
    return response


def _spec(
    request: predict_pb2.PredictRequest
    | get_model_metadata_pb2.GetModelMetadataRequest
    | get_model_status_pb2.GetModelStatusRequest,
) -> tuple[str, int | None, str | None]:
    """Name, version and label that a request asks."""
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

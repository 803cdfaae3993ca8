"""gRPC on TensorFlow Serving's own protos: PredictionService and ModelService."""

import grpc
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

from keras_vae.serving.server.context import Context
from keras_vae.serving.server.replies import SIGNATURES, metadata_response, status_response
from keras_vae.serving.server.request_error import Code, RequestError, invalid
from keras_vae.serving.server.tensor_proto import read_tensor, write_tensor

STATUS = {code.value[0]: code for code in grpc.StatusCode}


def rpc_server(context: Context) -> grpc.aio.Server:
    """A server for both services, not started and without a port."""
    most = context.options.max_request_bytes
    server = grpc.aio.server(
        options=[
            ("grpc.max_receive_message_length", most),
            ("grpc.max_send_message_length", -1),
            ("grpc.so_reuseport", 0),
        ]
    )
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(_PredictionService(context), server)
    model_service_pb2_grpc.add_ModelServiceServicer_to_server(_ModelService(context), server)
    return server


def _method(answer):
    """A method of a service: counted, with its refusals as gRPC's codes."""

    async def method(self, request, call):
        try:
            with self.context.account("grpc") as account:
                return await answer(self, request, call, account)
        except RequestError as error:
            await call.abort(STATUS[int(error.code)], error.message)

    return method


class _PredictionService(prediction_service_pb2_grpc.PredictionServiceServicer):
    def __init__(self, context: Context):
        self.context = context

    @_method
    async def Predict(self, request, call, account):  # noqa: N802, the protocol's name
        servable = self.context.repository.get(*_spec(request))
        account.model, account.version = servable.name, servable.version
        signature = servable.signature(request.model_spec.signature_name)
        if signature is None:
            raise RequestError(
                Code.FAILED_PRECONDITION, f'Serving signature key "{request.model_spec.signature_name}" not found.'
            )
        account.signature = signature.name
        wanted = _filter(request, signature)
        inputs = {name: read_tensor(name, tensor) for name, tensor in request.inputs.items()}
        seconds = call.time_remaining()
        outputs = await self.context.predictor.predict(servable, signature, inputs, outputs=wanted, seconds=seconds)
        response = predict_pb2.PredictResponse()
        response.model_spec.name = servable.name
        response.model_spec.version.value = servable.version
        response.model_spec.signature_name = signature.name
        for name, array in outputs.items():
            response.outputs[name].CopyFrom(write_tensor(array))
        return response

    @_method
    async def GetModelMetadata(self, request, call, account):  # noqa: N802, the protocol's name
        if not request.metadata_field:
            raise invalid("GetModelMetadataRequest must specify at least one metadata_field")
        for field in request.metadata_field:
            if field != SIGNATURES:
                raise invalid(f"Metadata field {field} is not supported")
        servable = self.context.repository.get(*_spec(request))
        account.model, account.version, account.signature = servable.name, servable.version, "metadata"
        return metadata_response(servable)

    @_method
    async def Classify(self, request, call, account):  # noqa: N802, the protocol's name
        raise RequestError(Code.UNIMPLEMENTED, "these models have predict signatures: call Predict.")

    Regress = MultiInference = Classify


class _ModelService(model_service_pb2_grpc.ModelServiceServicer):
    def __init__(self, context: Context):
        self.context = context

    @_method
    async def GetModelStatus(self, request, call, account):  # noqa: N802, the protocol's name
        name, version, label = _spec(request)
        statuses = self.context.repository.statuses(name, version, label)
        account.model, account.signature = name, "status"
        return status_response(statuses)

    @_method
    async def HandleReloadConfigRequest(self, request, call, account):  # noqa: N802, the protocol's name
        raise RequestError(Code.UNIMPLEMENTED, "the configuration is read from models.config; edit the file.")


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

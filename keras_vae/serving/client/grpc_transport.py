"""The gRPC transport. Its protos import TensorFlow, which takes seconds."""

from pathlib import Path

import numpy as np

from keras_vae.serving.client.serving_error import ServingError
from keras_vae.serving.client.transport import ModelTarget, SignatureSpec, Tensors, VersionStatus, parse_signatures
from keras_vae.serving.extra import need

MAX_BYTES = 2**30


class GrpcTransport:
    """Calls the methods of `PredictionService` and `ModelService`.

    Args:
        target: `host:port`.
        model_target: the model and the certificates.
        secure: whether to use TLS.
    """

    def __init__(self, target: str, model_target: ModelTarget, *, secure: bool = False):
        self._grpc = grpc = need("grpc")
        services = "tensorflow_serving.apis"
        self._prediction = need(f"{services}.prediction_service_pb2_grpc")
        self._models = need(f"{services}.model_service_pb2_grpc")
        self._predict_pb2 = need(f"{services}.predict_pb2")
        self._metadata_pb2 = need(f"{services}.get_model_metadata_pb2")
        self._status_pb2 = need(f"{services}.get_model_status_pb2")
        self.target, self._model_target = target, model_target
        options = [(f"grpc.max_{way}_message_length", MAX_BYTES) for way in ("send", "receive")]
        options += [("grpc.enable_retries", 0), ("grpc.enable_http_proxy", 0), ("grpc.use_local_subchannel_pool", 1)]
        if secure:
            chain, key = map(_read, model_target.client_certificate or (None, None))
            credentials = grpc.ssl_channel_credentials(_read(model_target.ca_file), key, chain)
            self._channel = grpc.secure_channel(target, credentials, options)
        else:
            self._channel = grpc.insecure_channel(target, options)

    def predict(self, signature: str, inputs: Tensors, spec: SignatureSpec, timeout: float) -> dict[str, np.ndarray]:
        import tensorflow as tf

        request = self._with_model_spec(self._predict_pb2.PredictRequest())
        request.model_spec.signature_name = signature
        for name, value in inputs.items():
            request.inputs[name].CopyFrom(tf.make_tensor_proto(value))
        stub = self._prediction.PredictionServiceStub(self._channel)
        response = self._call(stub.Predict, request, timeout)
        return {name: tf.make_ndarray(response.outputs[name]) for name in spec.outputs}

    def metadata(self, timeout: float) -> dict[str, SignatureSpec]:
        from google.protobuf.json_format import MessageToDict

        request = self._with_model_spec(self._metadata_pb2.GetModelMetadataRequest())
        request.metadata_field.append("signature_def")
        stub = self._prediction.PredictionServiceStub(self._channel)
        response = self._call(stub.GetModelMetadata, request, timeout)
        signature_map = self._metadata_pb2.SignatureDefMap()
        response.metadata["signature_def"].Unpack(signature_map)
        return parse_signatures(MessageToDict(signature_map, preserving_proto_field_name=True)["signature_def"])

    def status(self, timeout: float) -> list[VersionStatus]:
        stub = self._models.ModelServiceStub(self._channel)
        response = self._call(
            stub.GetModelStatus, self._with_model_spec(self._status_pb2.GetModelStatusRequest()), timeout
        )
        state = self._status_pb2.ModelVersionStatus.State
        return [
            VersionStatus(entry.version, state.Name(entry.state), entry.status.error_message)
            for entry in response.model_version_status
        ]

    def close(self) -> None:
        self._channel.close()

    def _with_model_spec(self, request):
        request.model_spec.name = self._model_target.model
        if self._model_target.version is not None:
            request.model_spec.version.value = self._model_target.version
        elif self._model_target.label:
            request.model_spec.version_label = self._model_target.label
        return request

    def _call(self, method, request, timeout):
        try:
            return method(request, timeout=timeout)
        except self._grpc.RpcError as error:
            code, details = error.code().name, error.details() or ""
            too_large = code == "RESOURCE_EXHAUSTED" and "larger than max" in details
            raise ServingError(code, details, target=self.target, retry=False if too_large else None) from error


def _read(path: str | None) -> bytes | None:
    return None if path is None else Path(path).read_bytes()

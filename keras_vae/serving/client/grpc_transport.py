"""gRPC; the protos bring TensorFlow along, whose import takes seconds."""

from pathlib import Path

import numpy as np

from keras_vae.serving.client.serving_error import ServingError
from keras_vae.serving.client.transport import Asked, SignatureSpec, Tensors, VersionStatus, signatures_of
from keras_vae.serving.extra import need

MOST_BYTES = 2**30


class GrpcTransport:
    """Calls of `PredictionService` and `ModelService`.

    Args:
        target: `host:port`.
        asked: the model, and whom to trust.
        secure: whether to speak TLS.
    """

    def __init__(self, target: str, asked: Asked, *, secure: bool = False):
        self._grpc = grpc = need("grpc")
        services = "tensorflow_serving.apis"
        self._prediction = need(f"{services}.prediction_service_pb2_grpc")
        self._models = need(f"{services}.model_service_pb2_grpc")
        self._predict_pb2 = need(f"{services}.predict_pb2")
        self._metadata_pb2 = need(f"{services}.get_model_metadata_pb2")
        self._status_pb2 = need(f"{services}.get_model_status_pb2")
        self.target, self._asked = target, asked
        options = [(f"grpc.max_{way}_message_length", MOST_BYTES) for way in ("send", "receive")]
        options += [("grpc.enable_retries", 0), ("grpc.enable_http_proxy", 0), ("grpc.use_local_subchannel_pool", 1)]
        if secure:
            chain, key = map(_read, asked.client_certificate or (None, None))
            credentials = grpc.ssl_channel_credentials(_read(asked.ca_file), key, chain)
            self._channel = grpc.secure_channel(target, credentials, options)
        else:
            self._channel = grpc.insecure_channel(target, options)

    def predict(self, signature: str, inputs: Tensors, spec: SignatureSpec, timeout: float) -> dict[str, np.ndarray]:
        import tensorflow as tf

        request = self._asking(self._predict_pb2.PredictRequest())
        request.model_spec.signature_name = signature
        for name, value in inputs.items():
            request.inputs[name].CopyFrom(tf.make_tensor_proto(value))
        stub = self._prediction.PredictionServiceStub(self._channel)
        response = self._call(stub.Predict, request, timeout)
        return {name: tf.make_ndarray(response.outputs[name]) for name in spec.outputs}

    def metadata(self, timeout: float) -> dict[str, SignatureSpec]:
        from google.protobuf.json_format import MessageToDict

        request = self._asking(self._metadata_pb2.GetModelMetadataRequest())
        request.metadata_field.append("signature_def")
        stub = self._prediction.PredictionServiceStub(self._channel)
        response = self._call(stub.GetModelMetadata, request, timeout)
        found = self._metadata_pb2.SignatureDefMap()
        response.metadata["signature_def"].Unpack(found)
        return signatures_of(MessageToDict(found, preserving_proto_field_name=True)["signature_def"])

    def status(self, timeout: float) -> list[VersionStatus]:
        stub = self._models.ModelServiceStub(self._channel)
        response = self._call(stub.GetModelStatus, self._asking(self._status_pb2.GetModelStatusRequest()), timeout)
        state = self._status_pb2.ModelVersionStatus.State
        return [
            VersionStatus(entry.version, state.Name(entry.state), entry.status.error_message)
            for entry in response.model_version_status
        ]

    def close(self) -> None:
        self._channel.close()

    def _asking(self, request):
        request.model_spec.name = self._asked.model
        if self._asked.version is not None:
            request.model_spec.version.value = self._asked.version
        elif self._asked.label:
            request.model_spec.version_label = self._asked.label
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

"""Answers with the metadata and the status of models, as protos for both protocols."""

from collections.abc import Mapping

from tensorflow_serving.apis import get_model_metadata_pb2, get_model_status_pb2

from keras_vae.serving.server.model_version import ModelVersion
from keras_vae.serving.server.repository import Status
from keras_vae.serving.server.request_error import Code

SIGNATURES = "signature_def"


def metadata_response(model_version: ModelVersion) -> get_model_metadata_pb2.GetModelMetadataResponse:
    """Returns the answer with the signatures of a version."""
    response = get_model_metadata_pb2.GetModelMetadataResponse()
    response.model_spec.name = model_version.name
    response.model_spec.version.value = model_version.version
    signatures = get_model_metadata_pb2.SignatureDefMap()
    for name, definition in model_version.signature_defs.items():
        signatures.signature_def[name].CopyFrom(definition)
    response.metadata[SIGNATURES].Pack(signatures)
    return response


def status_response(statuses: Mapping[int, Status]) -> get_model_status_pb2.GetModelStatusResponse:
    """Returns the answer with the status of the versions of a model."""
    response = get_model_status_pb2.GetModelStatusResponse()
    for version, status in statuses.items():
        entry = response.model_version_status.add(version=version, state=int(status.state))
        entry.status.error_code = 0 if status.error is None else int(Code.UNKNOWN)
        entry.status.error_message = status.error or ""
    return response

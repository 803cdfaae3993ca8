"""The gRPC API, by its protos: PredictionService and ModelService of tensorflow_serving.apis."""

import grpc
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tensorflow.core.framework import tensor_pb2
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    inference_pb2,
    model_management_pb2,
    predict_pb2,
    regression_pb2,
)

from keras_vae.serving.png import png

X = np.random.default_rng(0).random((3, 8, 8, 1), "float32")


def asking(kind, name="vae", **spec):
    request = kind()
    request.model_spec.name = name
    for key, value in spec.items():
        setattr(request.model_spec, key, value)
    return request


def predicting(signature="", name="vae", version=None, **inputs):
    request = asking(predict_pb2.PredictRequest, name, signature_name=signature)
    if version is not None:
        request.model_spec.version.value = version
    for key, value in inputs.items():
        tensor = value if isinstance(value, tensor_pb2.TensorProto) else tf.make_tensor_proto(value)
        request.inputs[key].CopyFrom(tensor)
    return request


def test_the_default_signature_reconstructs(stubs, vae):
    response = stubs[0].Predict(predicting(x=X))
    assert list(response.outputs) == ["reconstruction"]
    np.testing.assert_allclose(tf.make_ndarray(response.outputs["reconstruction"]), vae.reconstruct(X), atol=1e-4)
    assert (response.model_spec.name, response.model_spec.version.value) == ("vae", 2)
    assert response.model_spec.signature_name == "serving_default"


def test_a_signature_by_its_name_and_outputs_by_theirs(stubs, vae):
    response = stubs[0].Predict(predicting("encode", x=X))
    assert set(response.outputs) == {"mean", "variance"}
    request = predicting("encode", x=X)
    request.output_filter.append("mean")
    response = stubs[0].Predict(request)
    assert set(response.outputs) == {"mean"}
    np.testing.assert_allclose(tf.make_ndarray(response.outputs["mean"]), vae.encode(X).mean(), atol=1e-4)


def test_bytes_are_strings(stubs, vae):
    response = stubs[0].Predict(predicting("encode_bytes", image_bytes=[png(x) for x in X]))
    expected = vae.encode(np.rint(255 * X).astype("float32") / 255).mean()
    np.testing.assert_allclose(tf.make_ndarray(response.outputs["mean"]), expected, atol=1e-4)


def test_every_way_to_write_a_tensor_is_read(stubs):
    written = {
        "float_val": tensor_pb2.TensorProto(float_val=[0.5]),
        "tensor_content": tensor_pb2.TensorProto(tensor_content=np.full(64, 0.5, "float32").tobytes()),
    }
    answers = []
    for tensor in written.values():
        tensor.dtype = 1
        for size in (1, 8, 8, 1):
            tensor.tensor_shape.dim.add(size=size)
        answers.append(tf.make_ndarray(stubs[0].Predict(predicting("encode", x=tensor)).outputs["mean"]))
    np.testing.assert_allclose(answers[0], answers[1], atol=1e-6)


def test_versions_and_labels(stubs, refuses):
    z = np.zeros((1, 3), "float32")
    assert stubs[0].Predict(predicting("decode", version=1, z=z)).model_spec.version.value == 1
    request = predicting("decode", z=z)
    request.model_spec.version_label = "stable"
    assert stubs[0].Predict(request).model_spec.version.value == 1
    request.model_spec.version_label = "nothing"
    with refuses("INVALID_ARGUMENT", "NOT_FOUND", "FAILED_PRECONDITION"):
        stubs[0].Predict(request)
    with refuses("NOT_FOUND"):
        stubs[0].Predict(predicting("decode", version=7, z=z))
    with refuses("NOT_FOUND"):
        stubs[0].Predict(predicting("decode", name="nothing", z=z))


TOO_FEW = tensor_pb2.TensorProto(dtype=1, tensor_content=b"1234", tensor_shape=tf.TensorShape(X.shape).as_proto())
CLAIMED = tensor_pb2.TensorProto(dtype=1, float_val=[1.0], tensor_shape=tf.TensorShape((10**7, 8, 8, 1)).as_proto())
WRONG = {
    "an unknown signature": predicting("nothing", x=X),
    "no input": predicting("encode"),
    "an unknown input": predicting("encode", x=X, y=X),
    "another name": predicting("encode", y=X),
    "another type": predicting("encode", x=X.astype("float64")),
    "integers for floats": predicting("encode", x=X.astype("int32")),
    "another shape": predicting("encode", x=X[:, :4]),
    "another rank": predicting("encode", x=np.float32(1)),
    "an empty batch": predicting("encode", x=X[:0]),
    "text": predicting("encode", x=["a"]),
    "rows of different number": predicting("encode", name="conditional", x=X, condition=np.zeros(2, "int32")),
    "a tensor of no type": predicting("encode", x=tensor_pb2.TensorProto()),
    "too few numbers": predicting("encode", x=TOO_FEW),
    "a shape that is only claimed": predicting("encode", x=CLAIMED),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_refused_with_a_reason(served, stubs, refuses, name):
    if name == "an empty batch" and not served.ours:
        pytest.skip("TensorFlow Serving answers it with no rows, or fails, by its batching")
    with refuses("INVALID_ARGUMENT", "FAILED_PRECONDITION"):
        stubs[0].Predict(WRONG[name])


def test_an_output_that_is_not_there_and_a_model_that_is_not_named(stubs, refuses):
    request = predicting("encode", x=X)
    request.output_filter.append("nothing")
    with refuses("INVALID_ARGUMENT"):
        stubs[0].Predict(request)
    with refuses("INVALID_ARGUMENT"):
        stubs[0].Predict(predict_pb2.PredictRequest())


def test_metadata_are_the_signatures(stubs, refuses):
    request = asking(get_model_metadata_pb2.GetModelMetadataRequest)
    with refuses("INVALID_ARGUMENT"):
        stubs[0].GetModelMetadata(request)
    request.metadata_field.append("signature_def")
    response = stubs[0].GetModelMetadata(request)
    assert response.model_spec.version.value == 2
    signatures = get_model_metadata_pb2.SignatureDefMap()
    assert response.metadata["signature_def"].Unpack(signatures)
    assert {"serving_default", "encode", "generate"} <= set(signatures.signature_def)
    request.metadata_field.append("weights")
    with refuses("INVALID_ARGUMENT"):
        stubs[0].GetModelMetadata(request)


def test_the_status_of_versions(stubs, refuses):
    response = stubs[1].GetModelStatus(asking(get_model_status_pb2.GetModelStatusRequest))
    available = get_model_status_pb2.ModelVersionStatus.AVAILABLE
    assert {entry.version: entry.state for entry in response.model_version_status} == {1: available, 2: available}
    with refuses("NOT_FOUND"):
        stubs[1].GetModelStatus(asking(get_model_status_pb2.GetModelStatusRequest, "nothing"))


def test_other_methods_are_refused(served, stubs, refuses):
    codes = ("UNIMPLEMENTED", "INVALID_ARGUMENT", "FAILED_PRECONDITION", "NOT_FOUND")
    with refuses(*codes):
        stubs[0].Classify(asking(classification_pb2.ClassificationRequest))
    with refuses(*codes):
        stubs[0].Regress(asking(regression_pb2.RegressionRequest))
    with refuses(*codes):
        stubs[0].MultiInference(inference_pb2.MultiInferenceRequest())
    if served.ours:
        with refuses("UNIMPLEMENTED"):
            stubs[1].HandleReloadConfigRequest(model_management_pb2.ReloadConfigRequest())


def test_a_deadline_is_kept(stubs, refuses):
    with refuses("DEADLINE_EXCEEDED"):
        stubs[0].Predict(predicting("score", x=np.repeat(X, 340, axis=0)), timeout=0.01)


def raw(served, method, body):
    with grpc.insecure_channel(f"{served.host}:{served.grpc_port}") as channel:
        return channel.unary_unary(f"/tensorflow.serving.PredictionService/{method}")(body, timeout=30)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=40))
def test_malformed_messages_are_errors_and_do_no_harm(served, body):
    with pytest.raises(grpc.RpcError) as refused:
        raw(served, "Predict", body)
    if served.ours:
        assert refused.value.code().name in ("INVALID_ARGUMENT", "NOT_FOUND", "FAILED_PRECONDITION")
        assert refused.value.details() and "\n" not in refused.value.details()


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 400), st.integers(0, 255))
def test_a_flipped_byte_does_no_harm(served, stubs, position, byte):
    good = bytearray(predicting("decode", z=np.zeros((1, 3), "float32")).SerializeToString())
    good[position % len(good)] = byte
    try:
        raw(served, "Predict", bytes(good))
    except grpc.RpcError as error:
        assert error.code() not in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)
    assert stubs[0].Predict(predicting("decode", z=np.zeros((1, 3), "float32"))).outputs


def test_packed_messages_are_refused_since_they_may_unpack_to_anything(served):
    if not served.ours:
        pytest.skip("TensorFlow Serving unpacks them")
    message = predicting("decode", z=np.zeros((1, 3), "float32")).SerializeToString()
    with grpc.insecure_channel(f"{served.host}:{served.grpc_port}") as channel, pytest.raises(grpc.RpcError) as refused:
        ask = channel.unary_unary("/tensorflow.serving.PredictionService/Predict")
        ask(message, timeout=30, compression=grpc.Compression.Gzip)
    assert refused.value.code() == grpc.StatusCode.UNIMPLEMENTED


def test_a_request_of_too_many_rows_is_told_what_to_do(served, stubs, refuses):
    if not served.ours:
        pytest.skip("the limit is ours")
    with refuses("INVALID_ARGUMENT") as refused:
        stubs[0].Predict(predicting("decode", z=np.zeros((1025, 3), "float32")))
    assert "at most 1024 rows in a request; got 1025; send several requests" in refused.value.details()


def test_a_method_that_is_not_there(served):
    with pytest.raises(grpc.RpcError) as refused:
        raw(served, "Nothing", b"")
    assert refused.value.code() == grpc.StatusCode.UNIMPLEMENTED

"""JSON to tensors and back, to the last bit."""

import json

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from keras_vae.serving.server.request_error import RequestError
from keras_vae.serving.server.servable import Limits, Signature
from keras_vae.serving.server.tensor_json import parse, read_inputs, write_outputs

ONE = Signature("one", {"x": tf.TensorSpec((None, 2), tf.float32)}, {"y": tf.TensorSpec((None, 2), tf.float32)})
TWO = Signature(
    "two",
    {"n": tf.TensorSpec((None,), tf.int32), "t": tf.TensorSpec((None,), tf.string)},
    {"y": tf.TensorSpec((None, 2), tf.float32)},
)


def read(body, signature=ONE):
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    return read_inputs(parse(body), signature, Limits())


def test_rows_and_columns_are_the_same_tensors():
    rows = [{"n": 1, "t": "a"}, {"n": 2, "t": {"b64": "/w=="}}]
    for inputs in (
        read({"instances": rows}, TWO),
        read({"inputs": {"n": [1, 2], "t": ["a", {"b64": "/w=="}]}}, TWO),
    ):
        assert inputs["n"].dtype == np.int32 and inputs["n"].tolist() == [1, 2]
        assert inputs["t"].tolist() == [b"a", b"\xff"]


def test_a_single_input_goes_without_its_name():
    for body in ({"instances": [[1, 2.5]]}, {"inputs": [[1, 2.5]]}, {"instances": [{"x": [1, 2.5]}]}):
        assert read(body)["x"].tolist() == [[1.0, 2.5]] and read(body)["x"].dtype == np.float32


def test_numbers_that_json_does_not_have():
    x = read(b'{"instances": [[NaN, -Infinity]]}')["x"]
    assert np.isnan(x[0, 0]) and x[0, 1] == -np.inf
    written = write_outputs({"y": x}, "instances")
    assert written == b'{"predictions":[[NaN, -Infinity]]}'


@settings(max_examples=60, deadline=None)
@given(arrays.arrays(np.float32, (3, 2), elements=st.floats(width=32, allow_nan=False)))
def test_every_number_survives(x):
    body = write_outputs({"x": x}, "inputs")
    back = read(json.dumps({"inputs": json.loads(body)["outputs"]}).encode())["x"]
    np.testing.assert_array_equal(back, x)


def test_outputs_take_the_form_of_the_question():
    y, s = np.array([[1.0], [2.0]], "float32"), np.array([True, False])
    assert json.loads(write_outputs({"y": y}, "instances")) == {"predictions": [[1.0], [2.0]]}
    assert json.loads(write_outputs({"y": y}, "inputs")) == {"outputs": [[1.0], [2.0]]}
    assert json.loads(write_outputs({"y": y, "s": s}, "instances")) == {
        "predictions": [{"y": [1.0], "s": True}, {"y": [2.0], "s": False}]
    }
    assert json.loads(write_outputs({"y": y, "s": s}, "inputs")) == {
        "outputs": {"y": [[1.0], [2.0]], "s": [True, False]}
    }
    text = np.array([b"a", b"\xff"], object)
    assert json.loads(write_outputs({"name_bytes": text}, "inputs"))["outputs"] == [{"b64": "YQ=="}, {"b64": "/w=="}]
    assert json.loads(write_outputs({"name": text[:1]}, "inputs"))["outputs"] == ["a"]


@pytest.mark.parametrize(
    ("body", "signature", "message"),
    [
        (b"", ONE, "The document is empty"),
        (b"{", ONE, "JSON Parse error"),
        (b"\xff", ONE, "JSON Parse error"),
        (b"[" * 100_000, ONE, "JSON Parse error"),
        ([1], ONE, "Is not object"),
        ({}, ONE, "Missing 'inputs' or 'instances' key"),
        ({"inputs": [], "instances": []}, ONE, "only one of"),
        ({"instances": {"x": 1}}, ONE, "to be an list/array"),
        ({"instances": []}, ONE, "No values in 'instances' array"),
        ({"instances": [1], "signature_name": 3}, ONE, "must be a string value"),
        ({"instances": [["a", "b"]]}, ONE, "not of expected type: float32"),
        ({"instances": [[True, False]]}, ONE, "not of expected type: float32"),
        ({"instances": [[1.0, True]]}, ONE, "JSON Value: true is not of expected type: float32"),
        ({"instances": [[None, 1]]}, ONE, "not of expected type: float32"),
        ({"instances": [[1, 2], [3]]}, ONE, "same length at level 1"),
        ({"instances": [[1, 2], 3]}, ONE, "same length at level 1"),
        ({"instances": [[1, [2]]]}, ONE, "not of expected type: float32"),
        ({"instances": [[1e39, 0]]}, ONE, "without loss of precision"),
        ({"instances": [{"x": [1, 2]}, [1, 2]]}, ONE, "Expecting object but got list at item 1"),
        ({"instances": [{"y": [1, 2]}]}, ONE, "keys must be equal to: x"),
        ({"instances": [1, 2]}, TWO, "expecting list of objects"),
        ({"inputs": [1, 2]}, TWO, "expecting an object"),
        ({"inputs": {"n": [1]}}, TWO, "Missing named input: t in 'inputs' object."),
        ({"inputs": {"n": [1.5], "t": ["a"]}}, TWO, "not of expected type: int32"),
        ({"inputs": {"n": [2**31], "t": ["a"]}}, TWO, "not of expected type: int32"),
        ({"inputs": {"n": [1], "t": [{"b64": "*"}]}}, TWO, "Unable to base64 decode"),
        ({"inputs": {"n": [1], "t": [{"b65": "YQ=="}]}}, TWO, "not formatted correctly for base64"),
        ({"inputs": {"n": [1], "t": [["a"], "b"]}}, TWO, "same length at level 1"),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_reason(body, signature, message):
    with pytest.raises(RequestError) as refused:
        read(body, signature)
    assert refused.value.http == 400 and message in refused.value.message and len(refused.value.message) < 400

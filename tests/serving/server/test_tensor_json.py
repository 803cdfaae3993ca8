"""JSON to tensors and back, to the last bit."""

import json

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from keras_vae.serving.server.model_version import Limits, ServedSignature
from keras_vae.serving.server.request_error import RequestError
from keras_vae.serving.server.tensor_json import SPARE_VALUES, check_size, parse, read_inputs, write_outputs

ONE = ServedSignature("one", {"x": tf.TensorSpec((None, 2), tf.float32)}, {"y": tf.TensorSpec((None, 2), tf.float32)})
TWO = ServedSignature(
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
        (b'{"instances": [[1e400, 0]]}', ONE, "number is infinity"),
        (b'{"instances": [[-1e400, NaN]]}', ONE, "number is infinity"),
        (b'{"instances": [[1' + b"0" * 400 + b", 0]]}", ONE, "number is infinity"),
        (b'{"instances": [[NaN, 1' + b"0" * 400 + b"]]}", ONE, "not of expected type: float32"),
        (b'{"instances": [[NaN, 1' + b"0" * 5000 + b"]]}", ONE, "JSON Parse error"),
        (b'{"inputs": {"n": [1e3], "t": ["a"]}}', TWO, "not of expected type: int32"),
        (b'{"instances": ' + b"[" * 300 + b"1" + b"]" * 300 + b"}", ONE, "expected shape [?, 2]; got 32 dimensions"),
        (b'{"instances": ' + b"[" * 900 + b"NaN" + b"]" * 900 + b"}", ONE, "expected shape [?, 2]; got 32 dimensions"),
        (b'{"instances": [' + b"[" * 900 + b"1" + b"]" * 900 + b', {"y": 1}]}', ONE, "same length at level 1"),
        (b'{"signature_name": "\\ud800", "instances": [1]}', ONE, "JSON Parse error"),
        (b'{"inputs": {"n": [NaN], "t": ["\\ud800"]}}', TWO, "not of expected type: int32"),
        (b'{"x": NaN, "inputs": {"n": [1], "t": ["\\ud800"]}}', TWO, "is not valid Unicode"),
        (
            {"instances": [[0, 0]] * 1025},
            ONE,
            "expected at most 1024 rows in a request; got 1025; send several",
        ),
        ({"instances": [{"k" * 9999: 1}]}, ONE, "keys must be equal to: x"),
        ({"instances": [{"a\nb": 1}]}, ONE, "a\\nb"),
        ({"instances": [[[]] * 1000]}, ONE, "expected shape [?, 2]; got [1, 1000, 0]"),
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
    message_ = refused.value.message
    assert refused.value.http == 400 and message in message_ and len(message_) <= 503 and message_.isprintable()


def test_numbers_that_are_not_finite_cost_their_own_rows_alone():
    y = np.arange(12, dtype="float32").reshape(3, 2, 2) / 7
    y[1, 0, 1], s = np.nan, np.array([1.0, np.inf, 3.0], "float32")
    for form in ("instances", "inputs"):
        answer = json.loads(write_outputs({"y": y, "s": s, "t": np.array([b"a", b"b", b"c"], object)}, form))
        columns = answer.get("outputs") or {
            key: [row[key] for row in answer["predictions"]] for key in answer["predictions"][0]
        }
        np.testing.assert_array_equal(np.array(columns["y"], "float32"), y)
        np.testing.assert_array_equal(np.array(columns["s"], "float32"), s)
        assert columns["t"] == ["a", "b", "c"]


@pytest.mark.parametrize("piece", [b"0,", b"[],", b"{},", b"[[", b'"a":0,'])
def test_more_values_than_any_request_has_are_refused_before_they_are_read(piece):
    most = ONE.max_values(Limits(rows=100))
    with pytest.raises(RequestError, match=f"expected at most {most} numbers and lists"):
        check_size(b'{"instances": [' + piece * 3000, most)


def test_the_largest_request_is_no_more_than_that():
    for signature in (ONE, TWO):
        row = {name: [0.5, 0.5] if name == "x" else 1 for name in signature.inputs}
        for body in ({"instances": [row] * 100}, {"inputs": {name: [value] * 100 for name, value in row.items()}}):
            check_size(json.dumps(body).encode(), signature.max_values(Limits(rows=100)) - SPARE_VALUES + 10)
    free = ServedSignature("free", {"x": tf.TensorSpec((None, None), tf.float32)}, {})
    assert free.max_values(Limits()) is None
    with pytest.raises(RequestError, match="expected at most 1000 bytes"):
        read_inputs(parse(b'{"instances": [[%s]]}' % b",".join([b"0"] * 251)), free, Limits(bytes=1000))

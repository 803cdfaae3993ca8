"""A large body is read in pieces, and as if it were not."""

import json

import numpy as np
import pytest
import tensorflow as tf

from keras_vae.serving.server import request_body
from keras_vae.serving.server.model_version import Limits, ServedSignature
from keras_vae.serving.server.request_body import read_body
from keras_vae.serving.server.request_error import RequestError

ONE = ServedSignature("one", {"x": tf.TensorSpec((None, 2, 2), tf.float32)}, {})
TWO = ServedSignature("two", {"x": tf.TensorSpec((None, 2, 2), tf.float32), "c": tf.TensorSpec((None,), tf.int32)}, {})
TEXT = ServedSignature("text", {"t": tf.TensorSpec((None,), tf.string)}, {})
X = np.random.default_rng(0).random((40, 2, 2)).astype("float32")
ROWS = X.astype(float).tolist()


@pytest.fixture(autouse=True)
def pieces(monkeypatch):
    """Pieces of a few rows, which are counted."""
    parsed = []
    monkeypatch.setattr(request_body, "CHUNK_BYTES", 200)
    loads = request_body.loads
    monkeypatch.setattr(request_body, "loads", lambda body: (parsed.append(body), loads(body))[1])
    return parsed


def read(body, signature, limits=Limits()):  # noqa: B008
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    return read_body(body, {"": signature, "s": signature}.__getitem__, limits)[2]


@pytest.mark.parametrize(
    "body",
    [
        {"instances": ROWS},
        {"inputs": ROWS},
        {"signature_name": "s", "inputs": {"x": ROWS}},
        {"inputs": {"x": ROWS}, "signature_name": "s"},
        {"instances": [{"x": row} for row in ROWS], "signature_name": "s"},
    ],
)
def test_the_pieces_are_the_whole(body, pieces):
    np.testing.assert_array_equal(read(body, ONE)["x"], X)
    assert len(pieces) > 5
    np.testing.assert_array_equal(read(json.dumps(body, indent=3).encode(), ONE)["x"], X)


@pytest.mark.parametrize(
    "body",
    [
        {"inputs": {"x": ROWS, "c": [1] * 40}},
        {"inputs": {"c": [1] * 40, "x": ROWS}},
        {"instances": [{"x": row, "c": 1} for row in ROWS], "extra": [ROWS]},
        {"extra": [ROWS], "instances": [{"x": row, "c": 1} for row in ROWS]},
        {"extra": {"inputs": ROWS}, "instances": [{"x": row, "c": 1} for row in ROWS]},
        {"instances": [{"x": row, "c": 1} for row in ROWS], "extra": ROWS},
    ],
)
def test_what_cannot_be_cut_is_read_whole(body):
    inputs = read(body, TWO)
    np.testing.assert_array_equal(inputs["x"], X)
    assert inputs["c"].tolist() == [1] * 40


def test_brackets_and_commas_in_strings_do_no_harm():
    texts = [["],[", "{", "a,b", "]", '"', "\\", "é" * 50][n % 7] * (n % 3 + 1) for n in range(60)]
    assert read({"instances": texts}, TEXT)["t"].tolist() == [text.encode() for text in texts]
    plain = [text for text in texts if "\\" not in text and '"' not in text]
    assert read({"inputs": {"t": plain}}, TEXT)["t"].tolist() == [text.encode() for text in plain]


def test_numbers_that_are_not_finite_are_read_in_pieces_too(pieces):
    x = X.copy()
    x[[3, 30]] = np.nan, np.inf
    np.testing.assert_array_equal(read({"inputs": x.astype(float).tolist()}, ONE)["x"], x)
    assert len(pieces) > 5


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"instances": ROWS * 2}, "expected at most 50 rows in a request; got"),
        ({"instances": [*ROWS, [[1.0, "a"], [1.0, 2.0]]]}, "is not of expected type: float32"),
        ({"instances": [*ROWS, [[1.0], [1.0, 2.0]]]}, "same length"),
        ({"instances": [*ROWS, [[1.0, 2.0]]]}, "same length"),
        ({"instances": ROWS, "inputs": 1}, "only one of"),
        ({"instances": ROWS, "signature_name": 3}, "must be a string"),
        (json.dumps({"instances": ROWS}).encode()[:-2], "JSON Parse error"),
        (json.dumps({"instances": ROWS}).encode().replace(b"0.", b"1e400,0.", 1), "infinity"),
        (json.dumps({"instances": ROWS}).encode().replace(b"], [", b"],, [", 1), "JSON Parse error"),
        (b'{"instances": [' + b"[" * 500 + b"1" + b"]" * 500 + b"]}", "32 dimensions"),
        (b'{"instances": [' + b" " * 500 + b"]}", "No values"),
    ],
)
def test_what_is_wrong_is_refused(body, message):
    with pytest.raises(RequestError) as refused:
        read(body, ONE, Limits(rows=50))
    assert message in refused.value.message

"""The REST API, by its documentation: https://www.tensorflow.org/tfx/serving/api_rest."""

import base64
import http.client
import json
import socket
import time

import numpy as np
import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keras_vae.serving.png import png

LONG_VERSION = f"vae/versions/{'9' * 5000}"
PREDICT = "/v1/models/vae:predict"
X = np.random.default_rng(0).random((3, 8, 8, 1), "float32")


def test_rows_are_answered_in_rows_without_the_name_of_a_single_output(post, vae):
    status, answer = post(PREDICT, {"instances": X.tolist()})
    assert status == 200 and set(answer) == {"predictions"}
    np.testing.assert_allclose(answer["predictions"], vae.reconstruct(X), atol=1e-4)


def test_rows_of_several_outputs_are_objects(post, vae):
    status, answer = post(PREDICT, {"signature_name": "encode", "instances": [{"x": x} for x in X.tolist()]})
    assert status == 200
    assert [set(row) for row in answer["predictions"]] == [{"mean", "variance"}] * 3
    np.testing.assert_allclose([row["mean"] for row in answer["predictions"]], vae.encode(X).mean(), atol=1e-4)


def test_columns_are_answered_in_columns(post, vae):
    for inputs in (X.tolist(), {"x": X.tolist()}):
        status, answer = post(PREDICT, {"signature_name": "encode", "inputs": inputs})
        assert status == 200 and set(answer) == {"outputs"}
        assert set(answer["outputs"]) == {"mean", "variance"}
        np.testing.assert_allclose(answer["outputs"]["variance"], vae.encode(X).variance(), atol=1e-4)
    _, answer = post(PREDICT, {"inputs": {"x": X.tolist()}})
    np.testing.assert_allclose(answer["outputs"], vae.reconstruct(X), atol=1e-4)


def test_several_inputs_have_names(post):
    path = "/v1/models/conditional:predict"
    rows = [{"x": X[0].tolist(), "condition": 3}, {"x": X[1].tolist(), "condition": 0}]
    status, by_rows = post(path, {"signature_name": "encode", "instances": rows})
    assert status == 200
    columns = {"x": X[:2].tolist(), "condition": [3, 0]}
    status, by_columns = post(path, {"signature_name": "encode", "inputs": columns})
    assert status == 200
    np.testing.assert_allclose(
        [row["mean"] for row in by_rows["predictions"]], by_columns["outputs"]["mean"], atol=1e-5
    )
    for body in ({"instances": X.tolist()}, {"inputs": X.tolist()}, {"inputs": {"x": X.tolist()}}):
        status, answer = post(path, {"signature_name": "encode", **body})
        assert status == 400 and answer["error"]


def test_bytes_are_base64_in_an_object(post, vae):
    files = [{"b64": base64.b64encode(png(x)).decode()} for x in X]
    rounded = np.rint(255 * X).astype("float32") / 255
    expected = vae.encode(rounded).mean()
    bodies = ({"instances": files}, {"instances": [{"image_bytes": f} for f in files]}, {"inputs": files})
    for body in bodies:
        status, answer = post(PREDICT, {"signature_name": "encode_bytes", **body})
        assert status == 200
        found = answer["outputs"]["mean"] if "outputs" in answer else [row["mean"] for row in answer["predictions"]]
        np.testing.assert_allclose(found, expected, atol=1e-4)
    for bad in ({"b64": "*"}, {"b65": "YQ=="}, {"b64": base64.b64encode(b"no image").decode()}, "no image"):
        status, answer = post(PREDICT, {"signature_name": "encode_bytes", "instances": [bad]})
        assert status == 400 and answer["error"]


def test_numbers_are_written_to_the_last_bit(post):
    values = np.array(post(PREDICT, {"instances": X.tolist()})[1]["predictions"], "float32")
    again = post(PREDICT, {"inputs": X.tolist()})[1]["outputs"]
    np.testing.assert_array_equal(values, np.array(again, "float32"))


def test_nan_and_infinity_pass(post, served):
    rows = json.dumps(X.tolist()).replace(json.dumps(float(X[0, 0, 0, 0])), "NaN", 1)
    body = f'{{"signature_name": "encode", "instances": {rows}}}'.encode()
    response = requests.post(f"{served.url}{PREDICT}", data=body, timeout=60)
    assert response.status_code == 200
    first, second = (row["mean"] for row in json.loads(response.text)["predictions"][:2])
    assert np.isnan(first).all() and np.isfinite(second).all()


BAD = {
    "nothing": b"",
    "no JSON": b"{",
    "no UTF-8": b"\xff\xfe{",
    "deep nesting": b"[" * 100_000,
    "no object": b"[1]",
    "neither key": b"{}",
    "both keys": {"instances": [1], "inputs": [1]},
    "no list": {"instances": 1},
    "no rows": {"instances": []},
    "no rows in columns": {"inputs": []},
    "a signature that is no string": {"signature_name": 3, "instances": [1]},
    "an unknown signature": {"signature_name": "nothing", "instances": X.tolist()},
    "another shape": {"instances": [[1.0, 2.0]]},
    "another rank": {"instances": [1.0]},
    "ragged rows": {"instances": [[1.0], [1.0, 2.0]]},
    "text for numbers": {"instances": [["a"]]},
    "null for numbers": {"instances": [None]},
    "floats for integers": {"signature_name": "generate", "instances": [[0.5, 1]]},
    "integers out of range": {"signature_name": "generate", "instances": [[2**40, 1]]},
    "an unknown input": {"instances": [{"y": 1}]},
    "a missing input": {"inputs": {}},
    "a number beyond all": b'{"instances": [[1e400]]}',
    "half a character": b'{"signature_name": "encode_bytes", "instances": ["\\ud800", NaN]}',
    "a rank of 300": b'{"instances": ' + b"[" * 300 + b"1" + b"]" * 300 + b"}",
    "too many values": b'{"instances": [' + b"[]," * 200_000 + b"0]}",
    "a mix of rows": {"instances": [{"x": X[0].tolist()}, X[0].tolist()]},
}


@pytest.mark.parametrize("body", BAD.values(), ids=BAD)
def test_what_is_wrong_is_a_400_with_a_reason(post, body):
    status, answer = post(PREDICT, body)
    assert status == 400
    assert set(answer) == {"error"} and answer["error"]


def test_the_status_of_a_model_and_of_a_version(get):
    status, answer = get("/v1/models/vae")
    versions = {entry["version"]: entry for entry in answer["model_version_status"]}
    assert status == 200 and set(versions) == {"1", "2"}
    assert versions["2"] == {"version": "2", "state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}
    status, answer = get("/v1/models/vae/versions/1")
    assert status == 200 and [entry["version"] for entry in answer["model_version_status"]] == ["1"]
    status, answer = get("/v1/models/vae/labels/stable")
    assert status == 200 and [entry["version"] for entry in answer["model_version_status"]] == ["1"]


def test_the_metadata_of_a_model(get):
    for path, version in (("vae", "2"), ("vae/versions/1", "1"), ("vae/labels/stable", "1")):
        status, answer = get(f"/v1/models/{path}/metadata")
        assert status == 200
        assert answer["model_spec"]["name"] == "vae" and answer["model_spec"]["version"] == version
        encode = answer["metadata"]["signature_def"]["signature_def"]["encode"]
        assert encode["method_name"] == "tensorflow/serving/predict"
        assert encode["inputs"]["x"]["dtype"] == "DT_FLOAT"
        sizes = [dim["size"] for dim in encode["inputs"]["x"]["tensor_shape"]["dim"]]
        assert sizes == ["-1", "8", "8", "1"] and encode["inputs"]["x"]["tensor_shape"]["unknown_rank"] is False


def test_versions_and_labels_are_asked_by_their_path(post):
    body = {"signature_name": "decode", "instances": [[0.0, 0.0, 0.0]]}
    answers = [
        post(f"/v1/models/vae{path}:predict", body) for path in ("", "/versions/1", "/versions/2", "/labels/stable")
    ]
    assert [status for status, _ in answers] == [200] * 4
    for _, answer in answers:
        np.testing.assert_allclose(answer["predictions"], answers[0][1]["predictions"], atol=1e-6)


@pytest.mark.parametrize("path", ["nothing", "vae/versions/7", "vae/versions/99999999999999999999", LONG_VERSION])
def test_a_model_or_version_that_is_not_there(get, post, path):
    for status, answer in (
        get(f"/v1/models/{path}"),
        get(f"/v1/models/{path}/metadata"),
        post(f"/v1/models/{path}:predict", {"instances": [1]}),
    ):
        assert status == (400 if path.endswith("9" * 10) else 404) and answer["error"]


def test_a_label_that_is_not_there(post):
    status, answer = post("/v1/models/vae/labels/nothing:predict", {"instances": [1]})
    assert status in (400, 404) and answer["error"]


@pytest.mark.parametrize("verb", ["classify", "regress"])
def test_signatures_of_another_kind_are_refused(post, verb):
    status, answer = post(f"/v1/models/vae:{verb}", {"examples": [{"x": 1.0}]})
    assert 400 <= status < 600 and answer["error"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", PREDICT),
        ("POST", "/v1/models/vae"),
        ("PUT", PREDICT),
        ("DELETE", "/v1/models/vae"),
        ("GET", "/v1/models"),
        ("GET", "/v1/models/vae/versions/one"),
        ("GET", "/v1/models/vae/versions/%D9%A3"),
        ("POST", "/v1/models/vae:explain"),
        ("GET", "/v1/models/../../etc/passwd"),
        ("GET", "/v1/models/%2e%2e%2f%2e%2e%2fetc%2fpasswd"),
        ("GET", "/v1/models/..%2f..%2fetc"),
        ("POST", "/v1/models/..:predict"),
        ("GET", "/etc/passwd"),
        ("GET", "/v2/models/vae"),
    ],
)
def test_other_methods_and_paths_are_refused(served, method, path):
    connection = http.client.HTTPConnection(served.host, served.rest_port, timeout=30)
    connection.request(method, path, body=b"{}" if method != "GET" else None)
    response = connection.getresponse()
    content = response.read()
    assert 400 <= response.status < 500 and b"root:" not in content
    connection.close()


def test_a_body_of_a_gigabyte_is_not_taken_in(served):
    if not served.ours:
        pytest.skip("TensorFlow Serving has no such limit")
    for headers in ("Content-Length: 1073741824", "Transfer-Encoding: chunked"):
        with socket.create_connection((served.host, served.rest_port), timeout=30) as connection:
            connection.sendall(f"POST {PREDICT} HTTP/1.1\r\nHost: x\r\n{headers}\r\n\r\n".encode())
            sent, piece = 0, b"10000\r\n" + b" " * 65536 + b"\r\n"
            try:
                while "chunked" in headers and sent < 2**30:
                    connection.sendall(piece)
                    sent += 65536
            except OSError:  # the server has closed
                pass
            answer = connection.recv(65536)
            assert sent <= 128 * 2**20
            assert answer.startswith(b"HTTP/1.1 413") or (sent and not answer)


def test_a_slow_client_holds_nobody_up(served, post):
    with socket.create_connection((served.host, served.rest_port), timeout=30) as slow:
        slow.sendall(f"POST {PREDICT} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{{".encode())
        started = time.monotonic()
        for _ in range(5):
            slow.sendall(b" ")
            assert post(PREDICT, {"signature_name": "decode", "instances": [[0.0, 0.0, 0.0]]})[0] == 200
        assert time.monotonic() - started < 20


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["x", "b64", "y"]), inner, max_size=2),
    max_leaves=8,
)
documents = st.dictionaries(st.sampled_from(["instances", "inputs", "signature_name", "x"]), values, max_size=3)
FUZZ = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@FUZZ
@given(documents | values)
def test_any_json_has_an_answer(served, document):
    response = requests.post(f"{served.url}{PREDICT}", data=json.dumps(document).encode(), timeout=60)
    assert response.status_code in (200, 400)
    assert ("error" in response.json()) == (response.status_code == 400)


@FUZZ
@given(st.binary(max_size=60), st.sampled_from(["", ":predict", "/versions/1:predict", "/metadata"]))
def test_any_bytes_have_an_answer(served, body, path):
    response = requests.post(f"{served.url}/v1/models/vae{path}", data=body, timeout=60)
    assert response.status_code == 400 and response.json()["error"]

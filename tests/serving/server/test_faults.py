"""What must not fail when something does."""

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import grpc
import numpy as np
import pytest
import requests
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

from keras_vae.serving.server import LocalServer, ServerOptions


def options(**changes):
    return ServerOptions(**{"port": 0, "grpc_port": 0, "poll_seconds": 0.05, **changes})


def publish(version, base, number):
    """As an export does: beside, then in its place."""
    shutil.copytree(version, base / f".{number}")
    (base / f".{number}").rename(base / "m" / str(number))


@contextlib.contextmanager
def load(ask, clients):
    """Calls `ask` from several threads until the block ends; a list of what it gave, or raised."""
    answers, stop = [], threading.Event()

    def work():
        while not stop.is_set():
            try:
                answers.append(ask())
            except Exception as error:
                answers.append(error)

    with ThreadPoolExecutor(clients) as pool:
        for _ in range(clients):
            pool.submit(work)
        try:
            yield answers
        finally:
            stop.set()


@pytest.mark.slow
def test_a_version_replaced_50_times_under_load_fails_no_request(light, tmp_path):
    base = tmp_path / "models"
    (base / "m").mkdir(parents=True)
    publish(light, base, 1)
    with LocalServer(base, options()) as server, contextlib.ExitStack() as stack:
        channel = stack.enter_context(grpc.insecure_channel(server.grpc_target))
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        request = predict_pb2.PredictRequest()
        request.model_spec.name = "m"
        request.inputs["x"].CopyFrom(tf.make_tensor_proto(np.zeros((1, 2), "float32")))
        session, url = requests.Session(), f"{server.url}/v1/models/m:predict"

        def rest():
            return session.post(url, json={"instances": [[0.0, 0.0]]}, timeout=30).status_code

        def rpc():
            return stub.Predict(request, timeout=30).model_spec.version.value

        with load(rest, 3) as by_rest, load(rpc, 2) as by_rpc:
            for number in range(2, 52):
                publish(light, base, number)
                deadline = time.monotonic() + 60
                while server.repository.get("m").version < number:
                    assert time.monotonic() < deadline
                    time.sleep(0.01)
                shutil.rmtree(base / "m" / str(number - 1))
        assert set(by_rest) == {200} and len(by_rest) > 500
        assert all(isinstance(version, int) for version in by_rpc), [a for a in by_rpc if not isinstance(a, int)][:3]
        assert rpc() == 51 and len(set(by_rpc)) > 25


@pytest.mark.slow
def test_a_corrupt_version_leaves_the_old_one_serving(exported, tmp_path, caplog):
    base = tmp_path / "models"
    shutil.copytree(exported, base / "m" / "1")
    with LocalServer(base, options()) as server:
        broken = shutil.copytree(exported, base / ".2")
        (broken / "variables" / "variables.data-00000-of-00001").write_bytes(b"short")
        broken.rename(base / "m" / "2")
        deadline = time.monotonic() + 30
        while 2 not in server.repository.models["m"] or server.repository.models["m"][2].error is None:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        status = requests.get(f"{server.url}/v1/models/m").json()["model_version_status"]
        assert [(entry["version"], entry["state"]) for entry in status] == [("2", "END"), ("1", "AVAILABLE")]
        assert status[0]["status"]["error_code"] == "UNKNOWN" and status[0]["status"]["error_message"]
        body = {"signature_name": "decode", "instances": [[0.0, 0.0, 0.0]]}
        assert requests.post(f"{server.url}/v1/models/m:predict", json=body).status_code == 200
    lines = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert len(lines) == 1 and lines[0].startswith("m version 2: loading failed: ")


@pytest.fixture
def held_up(light, tmp_path):
    """A server whose model answers only when it is let go, and a queue of four rows."""
    base = tmp_path / "models"
    shutil.copytree(light, base / "m" / "1")
    with LocalServer(base, options(max_queue=4, max_batch_size=1)) as server:
        servable, go = server.repository.get("m"), threading.Event()
        run = servable.run
        servable.run = lambda *arguments: (go.wait(30), run(*arguments))[1]
        try:
            yield server, go
        finally:
            go.set()


def test_a_full_queue_is_told_at_once_in_both_protocols(held_up):
    server, go = held_up
    url = f"{server.url}/v1/models/m:predict"

    def ask():
        return requests.post(url, json={"instances": [[0.0, 0.0]]}, timeout=60).status_code

    with ThreadPoolExecutor(5) as pool, grpc.insecure_channel(server.grpc_target) as channel:
        accepted = [pool.submit(ask) for _ in range(5)]
        deadline = time.monotonic() + 30
        while "keras_vae_waiting_rows 4.0" not in requests.get(f"{server.url}/metrics").text:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        started = time.monotonic()
        assert ask() == 503
        request = predict_pb2.PredictRequest()
        request.model_spec.name = "m"
        request.inputs["x"].CopyFrom(tf.make_tensor_proto(np.zeros((1, 2), "float32")))
        with pytest.raises(grpc.RpcError) as refused:
            prediction_service_pb2_grpc.PredictionServiceStub(channel).Predict(request, timeout=30)
        assert refused.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
        assert time.monotonic() - started < 5
        go.set()
        assert [answer.result() for answer in accepted] == [200] * 5


def test_metrics_count_what_happened(held_up):
    server, go = held_up
    go.set()
    for body in ({"instances": [[0.0, 0.0]]}, {"instances": [1]}):
        requests.post(f"{server.url}/v1/models/m:predict", json=body)
    requests.post(f"{server.url}/v1/models/nothing-{'x' * 50}:predict", json={"instances": [1]})
    page = requests.get(f"{server.url}/metrics").text
    labels = 'model="m",protocol="rest",signature="serving_default"'
    assert f'keras_vae_requests_total{{code="OK",{labels}}} 1.0' in page
    assert f'keras_vae_requests_total{{code="INVALID_ARGUMENT",{labels}}} 1.0' in page
    assert 'code="NOT_FOUND",model="",' in page and "nothing-xxx" not in page
    assert 'keras_vae_loads_total{model="m",result="ok"} 1.0' in page and 'newest_version{model="m"} 1.0' in page
    assert "m</h2>" in requests.get(f"{server.url}/").text


@contextlib.contextmanager
def started(command, base, *arguments):
    """`keras-vae serve` in a process of its own, with the ports that it tells."""
    process = subprocess.Popen(
        [command, "serve", str(base), "--port", "0", "--grpc-port", "0", "--log-format", "json", *arguments],
        stderr=subprocess.PIPE, text=True, env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
    )  # fmt: skip
    lines = []
    try:
        ports = {}
        while len(ports) < 2:
            line = process.stderr.readline()
            assert line, lines
            lines.append(line)
            with contextlib.suppress(ValueError):
                message = json.loads(line)["message"]
                if match := re.match(r"(REST|gRPC) +\S*?:(\d+)(?:/|$)", message.replace("http://127.0.0.1", "")):
                    ports[match[1]] = int(match[2])
        yield process, ports["REST"], ports["gRPC"]
    finally:
        process.kill()
        process.wait()


@pytest.mark.slow
def test_after_sigterm_all_that_was_accepted_is_answered(command, exported, tmp_path):
    shutil.copytree(exported, tmp_path / "models" / "m" / "1")
    with started(command, tmp_path / "models", "--max-queue", "10000") as (process, port, rpc_port):
        url = f"http://127.0.0.1:{port}"
        x = np.zeros((400, 8, 8, 1), "float32")
        request = predict_pb2.PredictRequest()
        request.model_spec.name, request.model_spec.signature_name = "m", "score"
        request.inputs["x"].CopyFrom(tf.make_tensor_proto(x))

        def rest():
            body = {"signature_name": "score", "inputs": x.tolist()}
            return len(requests.post(f"{url}/v1/models/m:predict", json=body, timeout=60).json()["outputs"])

        def rpc():
            with grpc.insecure_channel(f"127.0.0.1:{rpc_port}") as channel:
                response = prediction_service_pb2_grpc.PredictionServiceStub(channel).Predict(request, timeout=60)
                return response.outputs["elbo"].tensor_shape.dim[0].size

        with ThreadPoolExecutor(8) as pool:
            answers = [pool.submit(ask) for ask in (rest, rpc) * 4]
            deadline, most = time.monotonic() + 30, 0
            while time.monotonic() < deadline and most < 6:
                text = requests.get(f"{url}/metrics").text
                most = float(re.search(r"^keras_vae_requests_in_flight (\S+)", text, re.MULTILINE)[1])
                if all(answer.done() for answer in answers):
                    break
            process.send_signal(signal.SIGTERM)
            assert [answer.result() for answer in answers] == [400] * 8
        assert process.wait(30) == 0
        with pytest.raises(requests.ConnectionError):
            requests.get(url)


@pytest.fixture
def taken():
    """A port that another process listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


@pytest.mark.slow
def test_a_port_that_is_taken_is_refused_in_one_line(command, light, taken, refused):
    done = subprocess.run([command, "serve", light.parent, "--port", str(taken)], capture_output=True, text=True)
    assert done.returncode == 2 and "Traceback" not in done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith(
        f"keras-vae: REST cannot listen on 127.0.0.1:{taken}: the port is in use; use another --port"
    )
    with (
        refused(f"gRPC cannot listen on 127.0.0.1:{taken}: the port is in use"),
        LocalServer(light.parent, options(grpc_port=taken)),
    ):
        pass


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"port": 70000}, "port must be an integer from 0 to 65535"),
        ({"port": 8500, "grpc_port": 8500}, "expected a port other than the REST port, got 8500 for both"),
        ({"max_queue": 0}, "max_queue must be an integer >= 1"),
        ({"poll_seconds": 0}, "poll_seconds must be a number >= 0.001"),
        ({"grace_seconds": float("inf")}, "grace_seconds must be a number"),
        ({"batch_timeout_ms": -1}, "batch_timeout_ms must be a number >= 0"),
    ],
)
def test_options_out_of_their_range_are_refused(refused, changes, message):
    with refused(message):
        ServerOptions(**changes)

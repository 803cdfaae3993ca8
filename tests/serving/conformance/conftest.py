"""The servers that must answer alike: ours, and TensorFlow Serving's own where it can be had.

`tensorflow_model_server` on the PATH is started on the same models. A server elsewhere is named by
KERAS_VAE_TF_SERVING=HOST:REST_PORT:GRPC_PORT, and the folder that it watches, with a models.config in TF Serving's own
words, by KERAS_VAE_TF_SERVING_MODELS; the tests put their models there.
"""

import contextlib
import os
import shutil
import socket
import subprocess
import time
from dataclasses import dataclass

import grpc
import pytest
import requests
from tensorflow_serving.apis import model_service_pb2_grpc, prediction_service_pb2_grpc


@dataclass(frozen=True)
class Served:
    """Where a server is, and whether it is ours."""

    host: str
    rest_port: int
    grpc_port: int
    ours: bool

    @property
    def url(self):
        return f"http://{self.host}:{self.rest_port}"


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@contextlib.contextmanager
def tensorflow_model_server(models):
    rest, rpc = free_port(), free_port()
    config = models / "models.config"
    process = subprocess.Popen(
        [
            "tensorflow_model_server", f"--port={rpc}", f"--rest_api_port={rest}", f"--model_config_file={config}",
            "--allow_version_labels_for_unavailable_models=true",
        ]
    )  # fmt: skip
    try:
        yield ready(Served("127.0.0.1", rest, rpc, ours=False))
    finally:
        process.terminate()
        process.wait(30)


def elsewhere(models, address, folder):
    for model in ("vae", "conditional"):
        shutil.copytree(models / model, os.path.join(folder, model), dirs_exist_ok=True)
    host, rest, rpc = address.split(":")
    return ready(Served(host, int(rest), int(rpc), ours=False))


def ready(served, seconds=120):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(requests.ConnectionError):
            if requests.get(f"{served.url}/v1/models/conditional", timeout=5).ok:
                return served
        time.sleep(0.5)
    raise TimeoutError(f"{served.url} did not become ready")


@pytest.fixture(scope="session", params=["ours", "tensorflow"])
def served(request, models, server):
    if request.param == "ours":
        rest, rpc = (int(address.rpartition(":")[2]) for address in (server.url, server.grpc_target))
        yield Served("127.0.0.1", rest, rpc, ours=True)
    elif os.environ.get("KERAS_VAE_TF_SERVING"):
        folder = os.environ["KERAS_VAE_TF_SERVING_MODELS"]
        yield elsewhere(models, os.environ["KERAS_VAE_TF_SERVING"], folder)
    elif shutil.which("tensorflow_model_server"):
        with tensorflow_model_server(models) as started:
            yield started
    else:
        pytest.skip("neither tensorflow_model_server on the PATH nor KERAS_VAE_TF_SERVING=HOST:REST_PORT:GRPC_PORT")


@pytest.fixture
def post(served):
    """Posts a body, JSON or bytes, and gives the status and the answer."""

    def post(path, body, **options):
        sent = {"data": body} if isinstance(body, bytes) else {"json": body}
        response = requests.post(f"{served.url}{path}", **sent, timeout=60, **options)
        assert response.headers["content-type"].startswith("application/json")
        return response.status_code, response.json()

    return post


@pytest.fixture
def get(served):
    """Gets a path, and gives the status and the answer."""

    def get(path):
        response = requests.get(f"{served.url}{path}", timeout=60)
        return response.status_code, response.json()

    return get


@pytest.fixture(scope="session")
def stubs(served):
    """The stubs of PredictionService and ModelService."""
    options = [("grpc.use_local_subchannel_pool", 1)]
    with grpc.insecure_channel(f"{served.host}:{served.grpc_port}", options) as channel:
        yield (
            prediction_service_pb2_grpc.PredictionServiceStub(channel),
            model_service_pb2_grpc.ModelServiceStub(channel),
        )


@pytest.fixture
def refuses():
    """A context in which a call is refused with a code."""

    @contextlib.contextmanager
    def refuses(*codes):
        with pytest.raises(grpc.RpcError) as caught:
            yield caught
        assert caught.value.code().name in codes, caught.value
        assert caught.value.details()

    return refuses

"""What goes wrong on the way."""

import json
import ssl
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import grpc
import numpy as np
import pytest
from tensorflow_serving.apis import prediction_service_pb2_grpc

from keras_vae.serving.client import Client, ServingError

METADATA = {
    "model_spec": {"name": "m", "version": "1"},
    "metadata": {
        "signature_def": {
            "signature_def": {
                "decode": {
                    "inputs": {"z": {"dtype": "DT_FLOAT", "tensor_shape": {"dim": [{"size": "-1"}, {"size": "1"}]}}},
                    "outputs": {"y": {"dtype": "DT_FLOAT", "tensor_shape": {"dim": [{"size": "-1"}, {"size": "1"}]}}},
                }
            }
        }
    },
}


class Fake:
    """A REST server that answers as it is told: a list of statuses to give before it works."""

    def __init__(self, statuses=(), delay=0.0, context=None):
        self.statuses, self.delay, self.requests = list(statuses), delay, []
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                self._answer(200, METADATA)

            def do_POST(self):
                z = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["inputs"]["z"]
                fake.requests.append(z)
                time.sleep(fake.delay)
                if fake.statuses:
                    self._answer(fake.statuses.pop(0), {"error": "as told"})
                else:
                    self._answer(200, {"outputs": z})

            def _answer(self, status, document):
                body = json.dumps(document).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                """Says nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if context:
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


def ask(fake, n=1, **options):
    with Client(f"http://127.0.0.1:{fake.port}", "m", **options) as client:
        return client.predict("decode", z=np.arange(n)[:, None])["y"][:, 0].tolist()


def test_an_unavailable_server_is_tried_again():
    with Fake([503, 503, 429]) as fake:
        assert ask(fake) == [0.0]
        assert len(fake.requests) == 4


@pytest.mark.parametrize(
    ("status", "code"), [(400, "INVALID_ARGUMENT"), (404, "NOT_FOUND"), (500, "INTERNAL"), (413, "RESOURCE_EXHAUSTED")]
)
def test_other_failures_are_not(status, code):
    with Fake([status] * 5) as fake:
        with pytest.raises(ServingError, match=f"{code}: as told.*HTTP {status}") as refused:
            ask(fake)
        assert refused.value.code == code and len(fake.requests) == 1


def test_the_time_ends_the_tries():
    with Fake([503] * 1000) as fake:
        started = time.monotonic()
        with pytest.raises(ServingError, match="UNAVAILABLE: as told"):
            ask(fake, timeout=1.0)
        assert time.monotonic() - started < 5 and len(fake.requests) >= 2


def test_a_slow_answer_is_too_late():
    with Fake(delay=3.0) as fake, pytest.raises(ServingError, match="DEADLINE_EXCEEDED.*increase timeout"):
        ask(fake, timeout=0.3)


def test_a_server_that_is_not_there_is_waited_for():
    with Fake() as fake:
        port = fake.port
    client = Client(f"http://127.0.0.1:{port}", "m", timeout=0.5)
    with pytest.raises(ServingError, match="UNAVAILABLE.*check that the server runs") as refused:
        client.predict("decode", z=[[1.0]])
    assert "0x" not in str(refused.value)
    assert not client.ready()
    with pytest.raises(ServingError, match="no version was ready within 0.3 s"):
        client.wait_until_ready(0.3)


def test_many_rows_go_in_several_requests_and_come_back_in_order():
    with Fake(delay=0.01) as fake:
        assert ask(fake, 103, batch_size=10, concurrency=4) == [float(n) for n in range(103)]
        assert sorted(len(rows) for rows in fake.requests) == [3] + [10] * 10


def test_one_client_serves_several_threads():
    with Fake() as fake, Client(f"http://127.0.0.1:{fake.port}", "m") as client, ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: client.predict("decode", z=[[n]])["y"].item(), range(50)))
    assert answers == [float(n) for n in range(50)]


def test_an_answer_that_is_no_json_is_an_error():
    class Broken(Fake):
        pass

    with Broken() as fake:
        fake.server.RequestHandlerClass.do_POST = lambda handler: (
            handler.rfile.read(int(handler.headers["Content-Length"])),
            handler.send_response(200),
            handler.send_header("Content-Length", "4"),
            handler.end_headers(),
            handler.wfile.write(b"<ht>"),
        )
        with pytest.raises(ServingError, match="INTERNAL: expected JSON in the answer"):
            ask(fake)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """Files of a certificate of this machine, signed by itself, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    subprocess.run(
        [
            "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost",
            "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key, "-out", certificate,
        ],
        check=True, capture_output=True,
    )  # fmt: skip
    return str(certificate), str(key)


def test_tls_over_rest(certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    with Fake(context=context) as fake:
        with Client(f"https://127.0.0.1:{fake.port}", "m", ca_file=certificate[0]) as client:
            assert client.predict("decode", z=[[3.0]])["y"].tolist() == [[3.0]]
        with (
            Client(f"https://127.0.0.1:{fake.port}", "m", timeout=2) as client,
            pytest.raises(ServingError, match="UNAUTHENTICATED.*check the certificates"),
        ):
            client.predict("decode", z=[[3.0]])


class Grpc(prediction_service_pb2_grpc.PredictionServiceServicer):
    """Refuses so many times."""

    def __init__(self, code, times):
        self.code, self.times, self.asked = code, times, 0

    def GetModelMetadata(self, request, context):  # noqa: N802, the protocol's name
        self.asked += 1
        if self.asked <= self.times:
            context.abort(self.code, "as told")
        from google.protobuf.json_format import ParseDict
        from tensorflow_serving.apis import get_model_metadata_pb2

        response = get_model_metadata_pb2.GetModelMetadataResponse()
        signatures = ParseDict(METADATA["metadata"]["signature_def"], get_model_metadata_pb2.SignatureDefMap())
        response.metadata["signature_def"].Pack(signatures)
        return response


def grpc_server(service, credentials=None):
    server = grpc.server(ThreadPoolExecutor(4))
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(service, server)
    address = "127.0.0.1:0"
    port = server.add_secure_port(address, credentials) if credentials else server.add_insecure_port(address)
    server.start()
    return server, port


@pytest.mark.parametrize(
    ("code", "tries"), [("UNAVAILABLE", 3), ("RESOURCE_EXHAUSTED", 3), ("INTERNAL", 1), ("PERMISSION_DENIED", 1)]
)
def test_grpc_tries_again_what_may_go_through(code, tries):
    service = Grpc(grpc.StatusCode[code], 2)
    server, port = grpc_server(service)
    with Client(f"grpc://127.0.0.1:{port}", "m") as client:
        if tries == 1:
            with pytest.raises(ServingError, match=f"{code}: as told"):
                client.metadata()
        else:
            assert set(client.metadata()) == {"decode"}
    assert service.asked == tries
    server.stop(0)


@pytest.mark.parametrize("target", ["https://localhost:1", "grpcs://localhost:1"])
def test_files_without_certificates_are_refused_before_a_call(tmp_path, refused, certificate, target):
    (tmp_path / "ca.pem").write_text("a,b\n1,2\n")
    with refused(r"ca_file \S+ca\.pem: expected trusted certificates in PEM, got: .*; give another file"):
        Client(target, "m", ca_file=str(tmp_path / "ca.pem"))
    with refused("expected a certificate and its key in PEM"):
        Client(target, "m", client_certificate=certificate[::-1])
    with pytest.raises(FileNotFoundError, match=r"none\.pem"):
        Client(target, "m", ca_file=str(tmp_path / "none.pem"))
    Client(target, "m", ca_file=certificate[0], client_certificate=certificate).close()


def test_tls_over_grpc(certificate):
    chain, key = (Path(path).read_bytes() for path in certificate)
    server, port = grpc_server(Grpc(None, 0), grpc.ssl_server_credentials([(key, chain)]))
    with Client(f"grpcs://localhost:{port}", "m", ca_file=certificate[0]) as client:
        assert set(client.metadata()) == {"decode"}
    with (
        Client(f"grpcs://localhost:{port}", "m", timeout=1) as client,
        pytest.raises(ServingError, match="UNAVAILABLE"),
    ):
        client.metadata()
    server.stop(0)

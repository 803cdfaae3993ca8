"""Clients that are slow, silent or endless keep nobody out."""

import contextlib
import json
import re
import shutil
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import requests

from keras_vae.serving.client import Client
from keras_vae.serving.server import LocalServer, ServerOptions

BODY = json.dumps({"instances": [[0.0, 0.0]]}).encode()
HEAD = b"POST /v1/models/m:predict HTTP/1.1\r\nHost: x\r\n"
WHOLE = HEAD + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY


@pytest.fixture
def serving(light):
    """Makes a server with short times and few connections, unless told otherwise."""
    started = []

    def serving(**changes):
        usual = {"port": 0, "grpc_port": None, "header_seconds": 0.4, "read_seconds": 0.4, "keep_alive_seconds": 0.4}
        server = LocalServer(light.parent.parent, ServerOptions(**{**usual, "send_seconds": 0.4, **changes}))
        started.append(server.__enter__())
        return server

    yield serving
    for server in started:
        server.stop()


def connect(server):
    host, port = server.url.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=20)


def small_buffers(server):
    """A connection whose buffers in the kernel are small, so that a client that does not read is noticed soon."""
    server._server._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)  # counts from the connection on
    connection.settimeout(30)
    connection.connect(("127.0.0.1", int(server.url.rpartition(":")[2])))
    return connection


def all_of(connection):
    """What comes until the server closes."""
    answer = b""
    try:
        while piece := connection.recv(65536):
            answer += piece
    except ConnectionError:
        pass
    return answer


def ask(server):
    return requests.post(f"{server.url}/v1/models/m:predict", data=BODY, timeout=20).status_code


@pytest.mark.slow
def test_silent_connections_make_room_for_others(serving):
    server = serving(max_connections=10, header_seconds=60, read_seconds=60, keep_alive_seconds=60)
    starts = (b"", HEAD, HEAD + b"Content-Length: 100\r\n\r\n{", WHOLE)
    silent = [connect(server) for _ in range(40)]
    for number, connection in enumerate(silent):
        with contextlib.suppress(ConnectionError):  # it has made room already
            connection.sendall(starts[number % len(starts)])
    for connection in silent[3::4]:  # the server may be working on ten whole requests
        connection.settimeout(20)
        with contextlib.suppress(ConnectionError):
            connection.recv(65536)
    assert [ask(server) for _ in range(20)] == [200] * 20
    for connection in silent:
        connection.close()


def test_what_the_server_works_on_is_never_closed_for_another(serving):
    server = serving(max_connections=4)
    servable, go = server.repository.get("m"), threading.Event()
    run = servable.run
    servable.run = lambda *arguments: (go.wait(30), run(*arguments))[1]
    try:
        with ThreadPoolExecutor(4) as pool:
            accepted = [pool.submit(ask, server) for _ in range(4)]
            deadline = time.monotonic() + 20
            while in_flight(server) < 4:
                assert time.monotonic() < deadline
                time.sleep(0.02)
            answer = requests.get(f"{server.url}/v1/models/m", timeout=20)
            assert answer.status_code == 503 and "4 connections" in answer.json()["error"]
            go.set()
            assert [answer.result() for answer in accepted] == [200] * 4
    finally:
        go.set()


def in_flight(server):
    return server._server.metrics.registry.get_sample_value("keras_vae_requests_in_flight")


@pytest.mark.parametrize(
    ("start", "status"),
    [(b"", b""), (HEAD, b"408"), (HEAD[:7], b"408"), (HEAD + b"Content-Length: 100\r\n\r\n{", b"408")],
    ids=["nothing", "half a header", "half a line", "half a body"],
)
def test_what_does_not_come_in_time_is_given_up(serving, start, status):
    with connect(serving()) as connection:
        connection.sendall(start)
        started = time.monotonic()
        answer = all_of(connection)
        assert answer[9:12] == status and 0.2 < time.monotonic() - started < 10
        assert not answer or json.loads(answer.partition(b"\r\n\r\n")[2])["error"]


def test_a_header_that_drips_is_given_up_all_the_same(serving):
    with connect(serving()) as connection:
        started = time.monotonic()
        with pytest.raises(ConnectionError):
            while time.monotonic() - started < 20:
                connection.sendall(b"G")
                time.sleep(0.05)
        assert time.monotonic() - started < 10


def test_a_connection_without_a_request_is_closed(serving):
    with connect(serving()) as connection:
        connection.sendall(WHOLE)
        started = time.monotonic()
        answer = all_of(connection)
        assert answer.startswith(b"HTTP/1.1 200") and time.monotonic() - started < 10


CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
ENDLESS = {
    "a field": (HEAD + b"X: ", b"y" * 65536, b"431"),
    "fields": (HEAD, b"X: y\r\n" * 10_000, b"431"),
    "a line": (b"GET /", b"a" * 65536, b"431"),
    "empty lines": (b"", b"\r\n" * 30_000, b"431"),
    "a trailer": (CHUNKED + b"0\r\nX: ", b"y" * 65536, b"400"),
    "an extension": (CHUNKED + b"1;", b"e" * 65536, b"400"),
    "small chunks": (CHUNKED, b"1\r\n \r\n" * 10_000, b"400"),
    "requests": (b"", b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n" * 1000, b"400"),
}


@pytest.mark.parametrize("name", ENDLESS)
def test_what_does_not_end_is_cut_off(serving, name):
    start, piece, status = ENDLESS[name]
    server = serving(header_seconds=60, read_seconds=60)
    with connect(server) as connection:
        sent = 0
        try:
            connection.sendall(start)
            while sent < 2**26:
                connection.sendall(piece)
                sent += len(piece)
        except ConnectionError:
            pass
        assert sent < 2**24
        answer = all_of(connection)
        assert not answer or answer[9:12] == status
    assert ask(server) == 200


def test_a_client_that_does_not_read_is_given_up(serving):
    """It sends fewer requests than a connection may have waiting, so that only their answers can be too much."""
    server = serving(keep_alive_seconds=60)
    with small_buffers(server) as connection:
        connection.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n" * 90)
        time.sleep(1.5)
        assert 0 < all_of(connection).count(b"HTTP/1.1 200") < 90


def test_a_last_answer_that_is_not_read_is_given_up(serving):
    """It is smaller than what the transport takes without a pause."""
    server = serving(keep_alive_seconds=60)
    body = json.dumps({"instances": [[0.0, 0.0]] * 1000}).encode()
    with small_buffers(server) as connection:
        connection.sendall(HEAD + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        time.sleep(1.5)
        head, _, content = all_of(connection).partition(b"\r\n\r\n")
    length = int(re.search(rb"content-length: (\d+)", head)[1])
    assert len(content) < length


def test_bodies_that_fill_the_memory_give_way_to_smaller_ones(serving):
    server = serving(max_request_bytes=2**20, max_held_bytes=2**21, read_seconds=60, header_seconds=60)
    half = HEAD + b"Content-Length: 1000000\r\n\r\n" + b" " * 900_000
    slow = [connect(server) for _ in range(4)]
    for connection in slow:
        connection.sendall(half)
    medium = json.dumps({"instances": [[0.0, 0.0]], "x": "y" * 300_000}).encode()
    for _ in range(3):
        assert requests.post(f"{server.url}/v1/models/m:predict", data=medium, timeout=20).status_code == 200
    answers = []
    for connection in slow:
        connection.settimeout(2)
        try:
            answers.append(connection.recv(100)[9:12])
        except TimeoutError:
            answers.append(None)
        connection.close()
    assert answers.count(b"503") >= 2 and set(answers) <= {b"503", None}


def test_two_servers_cannot_have_one_port(light, refused):
    base = light.parent.parent
    with LocalServer(base, ServerOptions(port=0, grpc_port=0)) as server:
        for protocol, taken in (("port", server.url), ("grpc_port", server.grpc_target)):
            port = int(taken.rpartition(":")[2])
            options = ServerOptions(**{"port": 0, "grpc_port": None, protocol: port})
            with refused(f"cannot listen on 127.0.0.1:{port}: the port is in use"), LocalServer(base, options):
                pass


def test_a_local_server_runs_from_start_to_stop(light):
    server = LocalServer(light.parent.parent, ServerOptions(port=0, grpc_port=None)).start()
    assert requests.get(f"{server.url}/v1/models/{light.parent.name}", timeout=20).status_code == 200
    server.stop()
    with pytest.raises(requests.ConnectionError):
        requests.get(server.url, timeout=20)


def test_a_model_whose_name_needs_quotes_is_served(light, tmp_path):
    shutil.copytree(light.parent, tmp_path / 'it\'s "m"\n')
    with LocalServer(tmp_path, ServerOptions(port=0, grpc_port=None)) as server:
        answer = requests.post(f"{server.url}/v1/models/it's%20%22m%22%0A:predict", data=BODY, timeout=20)
        assert answer.status_code == 200
        with Client(server.url, 'it\'s "m"\n') as client:
            assert client.predict("serving_default", x=np.zeros((3, 2)))
        page = requests.get(f"{server.url}/", headers={"Host": "["}, timeout=20)
        assert page.status_code == 200 and "it&#39;s &#34;m&#34;" in page.text
        assert requests.get(f"{server.url}/metrics", timeout=20).status_code == 200

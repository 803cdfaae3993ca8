"""Bytes to the REST port: headers that do not end, bodies of a false length, requests that are none."""

import socket
import threading
from collections import deque
from dataclasses import dataclass

import numpy as np

from hostile.kind import SERVER, Kind, Target, WrongAnswerError, mutated, one_of

METHODS = ("GET", "POST", "PUT", "HEAD", "OPTIONS", "CONNECT", "TRACE", "PRI", "get", "G\x00T", "M" * 5000, "")
VERSIONS = ("HTTP/1.1", "HTTP/1.0", "HTTP/0.9", "HTTP/2.0", "HTTP/9.9", "http/1.1", "HTTP/1.1 x", "")
PATHS = (
    "/v1/models/m",
    "/v1/models/m:predict",
    "/v1/models/m/metadata",
    "/",
    "/metrics",
    "*",
    "m:80",
    "//",
    "/%",
    "/v1/models/m/versions/" + "9" * 5000,
    "/v1/models/m/versions/" + "9" * 18,
    "/v1/models/m/versions/-1",
    "/v1/models/m/versions/%D9%A3",
    "/v1/models/m/versions/0x1:predict",
    "/v1/models/m/labels/%0a",
    "/v1/models/%ff%fe:predict",
    "/v1/models/%ed%a0%80:predict",
    "/v1/models/..%2f..%2fetc:predict",
    "http://other:1/v1/models/m",
    "http://[/",
    "/v1/models/m?" + "q" * 9000,
    "/\u00e9",
    "/v1/models/a%0d%0aX: y:predict",
    "/v1/models/" + "m" * 20_000,
    "/v1/models/m:predict#x",
    "/v1/models/:predict",
    "/v1/",
    "/V1/MODELS/m",
    "",
)
FIELDS = (
    "Host: [",
    "Host: a\r\nHost: b",
    "Host: %s" % ("h" * 5000),
    "Content-Length: -1",
    "Content-Length: 5\r\nContent-Length: 6",
    "Content-Length: 99999999999999999999",
    "Content-Length: 1073741824",
    "Content-Length: 0x5",
    "Content-Length: ",
    "Transfer-Encoding: chunked",
    "Transfer-Encoding: gzip",
    "Transfer-Encoding: chunked, chunked",
    "Transfer-Encoding: chunked\r\nContent-Length: 5",
    "Expect: 100-continue",
    "Expect: nothing",
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x",
    "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c",
    "Connection: close, keep-alive",
    "Content-Encoding: gzip",
    "X: \x00",
    "X: \x7f",
    "X : y",
    "X",
    ": y",
    " X: y",
    "X:\ty",
    "X: " + "y" * 20_000,
    "X: " + "y" * 200_000,
    "X" * 70_000 + ": y",
    "\r\n".join(f"X{n}: y" for n in range(3000)),
    "Cookie: %s" % ("a=b; " * 500),
    "Content-Type: \u00e9",
    "X-Forwarded-For: \n",
    "Range: bytes=0-,-1",
)
BODIES = (
    b"",
    b"{}",
    b'{"instances": [1]}',
    b"\x00" * 100,
    b"5\r\nhello\r\n0\r\n\r\n",
    b"FFFFFFFFFFFFFFFFF\r\n",
    b"-1\r\n\r\n",
    b"5;" + b"e" * 70_000 + b"\r\nhello\r\n0\r\n\r\n",
    b"0\r\nX: " + b"t" * 70_000 + b"\r\n\r\n",
    b"1\r\n{\r\n" * 5000,
    b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 300,
    b"zz\r\n",
)


@dataclass(frozen=True)
class Sent:
    """Bytes on a connection.

    Attributes:
        data: them.
        silent: whether the client then waits without a word, its connection open.
    """

    data: bytes
    silent: bool = False


def request(rng):
    """A request of odd parts."""
    odd = iter(rng.random(4) < 0.4)
    fields = ["Host: x", *(one_of(rng, *FIELDS) for _ in range(int(rng.integers(1, 4)) if next(odd) else 0))]
    method = one_of(rng, *METHODS) if next(odd) else one_of(rng, "GET", "POST")
    path = one_of(rng, *PATHS)
    version = one_of(rng, *VERSIONS) if next(odd) else "HTTP/1.1"
    line = f"{method} {path} {version}"
    body = one_of(rng, *BODIES) if rng.random() < 0.6 else b""
    if body and rng.random() < 0.7:
        fields.append(f"Content-Length: {len(body)}")
    end = one_of(rng, "\n", "\r", "\r\n") if next(odd) else "\r\n"
    head = end.join([line, *fields, "", ""]).encode("utf-8", "surrogatepass")
    return Sent(head + body)


def damaged(rng):
    """A sound request with a few bytes changed, or bytes of another protocol."""
    body = b'{"signature_name": "decode", "instances": [[0, 0, 0]]}'
    sound = b"POST /v1/models/m:predict HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
    other = (
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + rng.bytes(100), b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc" + rng.bytes(60),
        b"\r\n" * 30_000, b"SSH-2.0-x\r\n", rng.bytes(int(rng.integers(1, 3000))), b"", b"GET /\r\n",
    )  # fmt: skip
    return Sent(mutated(rng, sound) if rng.random() < 0.7 else one_of(rng, *other))


def half(rng):
    """A request that stops somewhere, and a client that waits."""
    body = b'{"signature_name": "decode", "instances": [[0, 0, 0]]}'
    whole = b"POST /v1/models/m:predict HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
    return Sent(whole[: int(rng.integers(0, len(whole)))], silent=True)


def endless(rng):
    """A header, or the framing of a body, that goes on for megabytes."""
    start = b"POST /v1/models/m:predict HTTP/1.1\r\nHost: x\r\n"
    chunked = start + b"Transfer-Encoding: chunked\r\n\r\n"
    number = int(rng.integers(1, 4)) * 2**20
    return Sent(
        one_of(
            rng, start + b"X: " + b"y" * number, start + b"X: y\r\n" * (number // 6), b"G" * number,
            b"GET /" + b"a" * number, chunked + b"1;" + b"e" * number, chunked + b"0\r\nX: " + b"t" * number,
            chunked + b"0" * number, chunked + b"1\r\n \r\n" * (number // 6), b"\r\n" * (number // 2),
        )
    )  # fmt: skip


def frames(rng):
    """Bytes to the gRPC port: HTTP/2 that is none."""
    preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
    frame = b"".join(
        int(rng.integers(0, 50)).to_bytes(3, "big") + rng.bytes(1) + rng.bytes(5) + rng.bytes(int(rng.integers(0, 60)))
        for _ in range(rng.integers(0, 20))
    )
    sound = b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"
    return Sent(one_of(rng, preface + frame, preface + sound + frame, preface, frame, sound * 2000), rng.random() < 0.1)


_open: deque[socket.socket] = deque()
_lock = threading.Lock()
MOST_OPEN = 400


def _keep(connection: socket.socket) -> None:
    """Keeps a silent connection open, and closes the oldest of too many."""
    with _lock:
        _open.append(connection)
        while len(_open) > MOST_OPEN:
            _open.popleft().close()


def _ask(sent: Sent, host: str, port: int, seconds: float = 30.0) -> str:
    connection = socket.create_connection((host, port), timeout=seconds)
    if sent.silent:
        connection.sendall(sent.data)
        _keep(connection)
        return "silent"
    answer = b""
    try:
        connection.sendall(sent.data)
        connection.shutdown(socket.SHUT_WR)
        while piece := connection.recv(65536):
            answer += piece
    except TimeoutError:
        raise
    except OSError:  # the server has closed
        pass
    finally:
        connection.close()
    return answer[:12].decode("latin1")


def ask(sent: Sent, target: Target) -> str:
    """The status of the first answer, or `"closed"`.

    Raises:
        WrongAnswerError: if it is a 5xx other than 501, 503 and 504, or the server keeps the connection.
    """
    try:
        line = _ask(sent, target.host, target.rest_port)
    except TimeoutError:
        raise WrongAnswerError("no answer within 30 s") from None
    status = line[9:12]
    if line.startswith("HTTP/") and status[0] == "5" and status not in ("501", "503", "504"):
        raise WrongAnswerError(line)
    return status if line.startswith("HTTP/") else line or "closed"


def ask_grpc(sent: Sent, target: Target) -> str:
    """Always `"closed"` or `"silent"`: what is no HTTP/2 has no answer."""
    try:
        _ask(sent, target.host, target.grpc_port)
    except TimeoutError:
        raise WrongAnswerError("the connection was kept for 30 s") from None
    return "silent" if sent.silent else "closed"


def _any(rng: np.random.Generator) -> Sent:
    return one_of(rng, request, request, damaged, half)(rng)


KINDS = [
    Kind("HTTP", _any, ask, SERVER),
    Kind("endless HTTP", endless, ask, SERVER),
    Kind("HTTP/2 frames", frames, ask_grpc, SERVER),
]

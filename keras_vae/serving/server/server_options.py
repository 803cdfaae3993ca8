"""The limits and addresses of a server."""

from dataclasses import dataclass

from keras_vae.checks import check_integer, check_number
from keras_vae.errors import InvalidInputError

LIMITS = (
    "versions", "max_batch_size", "max_rows", "max_queue", "max_header_bytes", "max_request_bytes", "max_held_bytes",
    "max_connections",
)  # fmt: skip
SECONDS = (
    "poll_seconds", "request_seconds", "header_seconds", "read_seconds", "send_seconds", "keep_alive_seconds",
    "grace_seconds",
)  # fmt: skip


@dataclass(frozen=True)
class ServerOptions:
    """What a server is told; the defaults are for one's own machine.

    The first sentence of each entry is also the help of an option of the command line.

    Attributes:
        host: address to listen on; 127.0.0.1 is reached from this machine alone, 0.0.0.0 from everywhere.
        port: port of REST; 0 for a free one.
        grpc_port: port of gRPC; 0 for a free one, None (-1 on the command line) for no gRPC.
        versions: how many of the newest versions of each model to serve, where `models.config` does not say.
        poll_seconds: seconds between looks for new versions.
        batching: join requests that wait into one batch.
        max_batch_size: rows of a batch.
        batch_timeout_ms: how long the first request of a batch waits for others even when nothing runs.
        max_rows: rows of a request.
        max_queue: rows that may wait for one signature. Beyond it, the requests with the most rows are refused.
        request_seconds: how long a request may take, from its last byte to its answer.
        header_seconds: how long a client may take to send the header of a request.
        read_seconds: how long a client may take to send the body of a request.
        send_seconds: how long a client may read nothing of its answer.
        keep_alive_seconds: how long a connection may stay open without a request.
        max_header_bytes: bytes of the header of a request.
        max_request_bytes: bytes of the body of a request, REST and gRPC.
        max_held_bytes: bytes of the bodies of all requests that are not answered yet; by default four times those of
            one. Beyond it, requests are refused.
        max_connections: connections of each protocol at one time. Beyond it, REST closes the connection that has been
            idle longest.
        grace_seconds: how long accepted requests have to be answered after SIGTERM.

    Raises:
        InvalidInputError: for a value out of its range.
    """

    host: str = "127.0.0.1"
    port: int = 8501
    grpc_port: int | None = 8500
    versions: int = 1
    poll_seconds: float = 1.0
    batching: bool = True
    max_batch_size: int = 64
    batch_timeout_ms: float = 0.0
    max_rows: int = 1024
    max_queue: int = 4096
    request_seconds: float = 60.0
    header_seconds: float = 10.0
    read_seconds: float = 30.0
    send_seconds: float = 30.0
    keep_alive_seconds: float = 75.0
    max_header_bytes: int = 32 * 2**10
    max_request_bytes: int = 64 * 2**20
    max_held_bytes: int | None = None
    max_connections: int = 1000
    grace_seconds: float = 30.0

    def __post_init__(self):
        if self.max_held_bytes is None:
            object.__setattr__(self, "max_held_bytes", 4 * self.max_request_bytes)  # the class is frozen
        for name in LIMITS:
            check_integer(name, getattr(self, name))
        check_integer("max_held_bytes", self.max_held_bytes, least=self.max_request_bytes)
        for name in ("port", "grpc_port"):
            port = getattr(self, name)
            if not (name == "grpc_port" and port is None):
                check_number(name, port, least=0, most=65535, integer=True)
        if self.port and self.port == self.grpc_port:
            raise InvalidInputError(f"grpc_port: expected another port than REST's {self.port}; choose one.")
        for name in SECONDS:
            check_number(name, getattr(self, name), least=0.001)
        check_number("batch_timeout_ms", self.batch_timeout_ms, least=0)

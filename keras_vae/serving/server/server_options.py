"""The options of a server: addresses and limits."""

from dataclasses import dataclass, field

from keras_vae.checks import check_integer, check_number
from keras_vae.errors import InvalidInputError

LIMITS = (
    "versions", "max_batch_size", "max_rows", "max_queue", "max_header_bytes", "max_request_bytes",
    "max_connections",
)  # fmt: skip
SECONDS = (
    "poll_seconds", "request_seconds", "header_seconds", "read_seconds", "send_seconds", "keep_alive_seconds",
    "grace_seconds",
)  # fmt: skip


@dataclass(frozen=True)
class ServerOptions:
    """The options of a server; the defaults suit a server on the local machine.

    The first sentence of each entry is also the help of an option of the command line.

    Attributes:
        host: address to listen on. Only the local machine can reach 127.0.0.1.
        port: port of REST; 0 selects a free port.
        grpc_port: port of gRPC; 0 selects a free port. None disables gRPC.
        versions: number of newest versions of each model to serve, for models without an entry in `models.config`.
        poll_seconds: seconds between checks of the folder for new versions.
        batching: whether to join waiting requests into batches.
        max_batch_size: maximum number of rows in a batch.
        batch_timeout_ms: milliseconds that the first request of a batch waits for other requests, even if no batch is
            running.
        max_rows: maximum number of rows in a request.
        max_queue: maximum number of waiting rows per signature. Beyond this number, the requests with the most rows are
            refused.
        request_seconds: maximum seconds from the last byte of a request to its answer.
        header_seconds: maximum seconds for a client to send the header of a request.
        read_seconds: seconds for a client to send the body of a request; large bodies get more time.
        send_seconds: maximum seconds in which a client reads nothing of its answer.
        keep_alive_seconds: maximum seconds of a connection without a request.
        max_header_bytes: maximum size of the header of a request, in bytes.
        max_request_bytes: maximum size of the body of a request, in bytes, for REST and gRPC.
        max_held_bytes: maximum size of the bodies of all requests without an answer so far; by default 4 times that of
            one request. Beyond this size, requests are refused.
        max_connections: maximum number of connections per protocol. Beyond this number, REST closes the connection that
            has been idle for the longest time.
        grace_seconds: seconds to answer the accepted requests after SIGTERM.

    Raises:
        InvalidInputError: if a value is out of range.

    Example:

    >>> ServerOptions(port=0, grpc_port=None).max_rows
    1024
    """

    host: str = "127.0.0.1"
    port: int = 8501
    grpc_port: int | None = field(default=8500, metadata={"hint": "-1 disables gRPC."})
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

    @property
    def held_bytes(self) -> int:
        """`max_held_bytes`, or four times `max_request_bytes`."""
        return 4 * self.max_request_bytes if self.max_held_bytes is None else self.max_held_bytes

    def __post_init__(self):
        for name in LIMITS:
            check_integer(name, getattr(self, name))
        check_integer("max_held_bytes", self.held_bytes, least=self.max_request_bytes)
        for name in ("port", "grpc_port"):
            port = getattr(self, name)
            if not (name == "grpc_port" and port is None):
                check_number(name, port, least=0, most=65535, integer=True)
        if self.port and self.port == self.grpc_port:
            raise InvalidInputError(
                f"grpc_port: expected a port other than the REST port, got {self.port} for both; use another port."
            )
        for name in SECONDS:
            check_number(name, getattr(self, name), least=0.001)
        check_number("batch_timeout_ms", self.batch_timeout_ms, least=0)

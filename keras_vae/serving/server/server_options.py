"""The limits and addresses of a server."""

from dataclasses import dataclass

from keras_vae.checks import check_integer
from keras_vae.errors import InvalidInputError


@dataclass(frozen=True)
class ServerOptions:
    """What a server is told; the defaults are for one's own machine.

    Attributes:
        host: address to listen on; 127.0.0.1 is reached from this machine alone.
        port: of REST; 0 for a free one.
        grpc_port: of gRPC; 0 for a free one, None for no gRPC.
        versions: how many of the newest versions of each model to serve, where `models.config` does not say.
        poll_seconds: how often the folder is looked at for new versions.
        batching: whether requests that wait are joined into one batch.
        max_batch_size: rows of a batch.
        batch_timeout_ms: how long the first request of a batch waits for others even when nothing runs.
        max_queue: rows that may wait for one signature; what comes beyond is refused at once.
        request_seconds: how long a request may take, from its last byte to its answer.
        read_seconds: how long a client may take to send a request.
        max_request_bytes: of a request, REST and gRPC.
        max_connections: of REST at one time; beyond it, 503.
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
    max_queue: int = 4096
    request_seconds: float = 60.0
    read_seconds: float = 30.0
    max_request_bytes: int = 64 * 2**20
    max_connections: int = 1000
    grace_seconds: float = 30.0

    def __post_init__(self):
        for name in ("versions", "max_batch_size", "max_queue", "max_request_bytes", "max_connections"):
            check_integer(name, getattr(self, name))
        for name in ("port", "grpc_port"):
            port = getattr(self, name)
            if not (name == "grpc_port" and port is None) and check_integer(name, port, least=0) > 65535:
                raise InvalidInputError(f"{name} must be a port from 0 to 65535; got {port}.")
        if self.port and self.port == self.grpc_port:
            raise InvalidInputError(f"grpc_port: expected another port than REST's {self.port}; choose one.")
        for name in ("poll_seconds", "request_seconds", "read_seconds", "grace_seconds"):
            self._check_seconds(name, least=0.001)
        self._check_seconds("batch_timeout_ms", least=0.0)

    def _check_seconds(self, name, least):
        value = getattr(self, name)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not least <= value < float("inf"):
            raise InvalidInputError(f"{name} must be a finite number >= {least:g}; got {value!r}.")

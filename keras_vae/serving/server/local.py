"""A server within one's own process, for tests and notebooks."""

import os
import threading
from pathlib import Path
from typing import Self

from keras_vae.serving.server.lifecycle import Server, run_loop
from keras_vae.serving.server.server_options import ServerOptions


class LocalServer:
    """Serves in a thread while a `with` block runs, on free ports of 127.0.0.1 unless told otherwise.

    Args:
        base: the folder of models, or of one model's versions.
        options: see `ServerOptions`.

    Raises:
        InvalidInputError: if the folder is not there, or a port is taken.

    Example:

    >>> serving.export(vae((8, 8, 1), 4, units=(32,)), "saved_models/example").name
    '1'
    >>> with LocalServer("saved_models") as server:
    ...     print(sorted(server.repository.models))
    ['example']
    """

    def __init__(self, base: str | os.PathLike, options: ServerOptions | None = None):
        self._started = threading.Event()
        self._server = Server(Path(base), options or ServerOptions(port=0, grpc_port=0), on_start=self._started.set)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._error: BaseException | None = None

    def _serve(self):
        try:
            run_loop(self._server.run())
        except BaseException as error:
            self._error = error
        finally:
            self._started.set()

    def __enter__(self) -> Self:
        self._thread.start()
        self._started.wait()
        if self._error is not None:
            raise self._error
        return self

    def __exit__(self, *_) -> None:
        self.stop()

    def stop(self) -> None:
        """Answers what was accepted, and ends."""
        self._server.stopping.set()
        self._thread.join()

    @property
    def repository(self):
        """The models that are served."""
        return self._server.repository

    @property
    def url(self) -> str:
        """Of REST, such as `http://127.0.0.1:8501`."""
        return f"http://{self._server.options.host}:{self._server.port}"

    @property
    def grpc_target(self) -> str | None:
        """Of gRPC, such as `127.0.0.1:8500`; None without it."""
        port = self._server.grpc_port
        return None if port is None else f"{self._server.options.host}:{port}"

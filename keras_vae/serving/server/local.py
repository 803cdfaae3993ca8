"""A server in the current process, for tests and notebooks."""

import os
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from starlette.routing import BaseRoute

from keras_vae.serving.server.lifecycle import Server, run_loop
from keras_vae.serving.server.repository import Repository
from keras_vae.serving.server.server_options import ServerOptions


class LocalServer:
    """Serves models in a thread during a `with` block, or from `start` to `stop`.

    Args:
        base: folder of models, or folder of the versions of one model.
        options: see `ServerOptions`. None uses free ports of 127.0.0.1.
        routes: further routes beside the API, such as pages.
        hosts: names in the header Host to which REST answers; others get status 421. None answers to all.

    Raises:
        InvalidInputError: if the folder does not exist, or if a port is in use.

    Example:

    >>> serving.export(vae((8,), 2, units=(4,)), "saved_models/example", check=False).name
    '1'
    >>> with LocalServer("saved_models") as server:
    ...     print(sorted(server.repository.models))
    ['example']
    """

    def __init__(
        self,
        base: str | os.PathLike,
        options: ServerOptions | None = None,
        *,
        routes: Sequence[BaseRoute] = (),
        hosts: Sequence[str] | None = None,
    ):
        self._started = threading.Event()
        options = options or ServerOptions(port=0, grpc_port=0)
        self._server = Server(Path(base), options, on_start=self._started.set, routes=routes, hosts=hosts)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._error: BaseException | None = None

    def _serve(self):
        try:
            run_loop(self._server.run())
        except BaseException as error:
            self._error = error
        finally:
            self._started.set()

    def start(self) -> Self:
        """Starts the server, and waits until it listens. A server that has stopped cannot be started again.

        Raises:
            InvalidInputError: if the folder does not exist, or if a port is in use.
        """
        self._thread.start()
        self._started.wait()
        if self._error is not None:
            raise self._error
        return self

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Answers the accepted requests and stops the server."""
        self._server.stopping.set()
        self._thread.join()

    @property
    def repository(self) -> Repository:
        """The repository of the models."""
        return self._server.repository

    @property
    def url(self) -> str:
        """The URL of REST, such as `http://127.0.0.1:8501`."""
        return f"http://{self._server.options.host}:{self._server.port}"

    @property
    def grpc_target(self) -> str | None:
        """The target of gRPC, such as `127.0.0.1:8500`; None without gRPC."""
        port = self._server.grpc_port
        return None if port is None else f"{self._server.options.host}:{port}"

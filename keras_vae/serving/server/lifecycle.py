"""A server from its start to its end."""

import asyncio
import contextlib
import errno
import gc
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import uvicorn

from keras_vae.errors import InvalidInputError
from keras_vae.serving.server.connections import Connection
from keras_vae.serving.server.context import Context
from keras_vae.serving.server.metrics import Metrics
from keras_vae.serving.server.model_folders import Policy
from keras_vae.serving.server.predictor import Predictor
from keras_vae.serving.server.readers import Readers, Room
from keras_vae.serving.server.repository import Repository
from keras_vae.serving.server.rest import rest_app
from keras_vae.serving.server.rpc import rpc_server
from keras_vae.serving.server.server_options import ServerOptions

log = logging.getLogger("keras_vae.serving")

SWITCH_SECONDS = 0.0005
"""How long Python's threads wait for each other: a model's answer should not wait for the next requests to be read."""

FIRST_PATIENCE, PATIENCE = 60.0, 5.0
"""Seconds that the other models wait for one that is being loaded, at the start and later."""

OPEN_FILES = 65536
BACKLOG = 2048
"""Connections that wait to be taken, as in uvicorn."""

OBJECTS_BEFORE_COLLECTION = 200_000
"""A request of many rows is that many lists, none in a cycle: looking through them at each step doubles their cost."""


def serve(base: str | os.PathLike, options: ServerOptions | None = None) -> None:
    """Serves the models under a folder until SIGTERM or SIGINT, and answers what was accepted.

    A second signal ends the process at once, with exit code 1.

    Args:
        base: the folder of models, such as `saved_models`, or of one model's versions.
        options: see `ServerOptions`.

    Raises:
        InvalidInputError: if the folder is not there, or a port is taken.
    """
    server = Server(Path(base), options or ServerOptions())

    def stop():
        if server.stopping.is_set():
            os._exit(1)
        log.info("stopping: no new requests, the accepted ones are answered")
        server.stopping.set()

    _raise_open_files()
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.set_threshold(OBJECTS_BEFORE_COLLECTION)

    async def run():
        loop = asyncio.get_running_loop()
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, stop)
        await server.run()

    run_loop(run())


class Server:
    """A folder of models behind both protocols.

    Args:
        base: see `serve`, and so is `options`.
        on_start: is called when requests are taken.

    Raises:
        InvalidInputError: if the folder is not there, or a port is taken.
    """

    def __init__(self, base: Path, options: ServerOptions, *, on_start: Callable[[], None] = lambda: None):
        self.options = options
        self.metrics = Metrics()
        self.repository = Repository(base, Policy(options.versions), on_load=self.metrics.load)
        self.stopping = threading.Event()
        self._seen = self.repository.models
        self._on_start = on_start
        self._socket = _bind(options.host, options.port)
        self.port: int = self._socket.getsockname()[1]
        self.grpc_port: int | None = None

    async def run(self) -> None:
        """Serves until `stopping` is set.

        Raises:
            InvalidInputError: if the port of gRPC is taken.
        """
        with ThreadPoolExecutor(os.cpu_count(), "model") as executor, Readers() as readers, self._socket:
            predictor = Predictor(self.options, self.metrics, executor)
            self.metrics.watch_queue(lambda: predictor.waiting)
            room = Room(self.options.max_held_bytes)
            context = Context(self.options, self.repository, predictor, self.metrics, readers, room)
            rpc = self._start_rpc(context)
            await asyncio.to_thread(self._look, FIRST_PATIENCE)
            if rpc is not None:
                await rpc.start()
            rest = _Rest(self._config(rest_app(context)))
            serving = asyncio.create_task(rest.serve(sockets=[self._socket]))
            polling = asyncio.create_task(self._poll())
            while not rest.started and not serving.done():
                await asyncio.sleep(0.01)
            self._announce()
            self._on_start()
            while not self.stopping.is_set() and not serving.done():
                await asyncio.sleep(0.05)
            polling.cancel()
            rest.should_exit = True
            stops = [serving] + ([rpc.stop(self.options.grace_seconds)] if rpc is not None else [])
            await asyncio.gather(*stops)
            log.info("stopped")

    def _config(self, app):
        options = self.options
        return uvicorn.Config(
            app, http=partial(Connection, options=options), log_config=None, access_log=False, lifespan="off",
            server_header=False, ws="none", proxy_headers=False, timeout_keep_alive=options.keep_alive_seconds,
            timeout_graceful_shutdown=max(1, round(options.grace_seconds)),
        )  # fmt: skip

    def _start_rpc(self, context):
        if self.options.grpc_port is None:
            return None
        server = rpc_server(context)
        host = f"[{self.options.host}]" if ":" in self.options.host else self.options.host
        try:
            self.grpc_port = server.add_insecure_port(f"{host}:{self.options.grpc_port}")
        except RuntimeError as error:
            raise _taken("gRPC", self.options.host, self.options.grpc_port, "--grpc-port") from error
        return server

    def _look(self, patience):
        """Polls the folder, and keeps what a new version brought into memory out of Python's garbage collection.

        A full collection looks at every object of TensorFlow, which would hold up requests for half a second.
        """
        self.repository.poll(patience)
        if self.repository.models is not self._seen:
            self._seen = self.repository.models
            gc.collect()
            gc.freeze()

    async def _poll(self):
        while True:
            await asyncio.sleep(self.options.poll_seconds)
            try:
                await asyncio.to_thread(self._look, PATIENCE)
            except Exception:  # the next look may go well
                log.exception("%s: cannot be looked at; tried again", self.repository.base)

    def _announce(self):
        loaded = sum(any(s.servable for s in versions.values()) for versions in self.repository.models.values())
        log.info("%d model(s) from %s", loaded, self.repository.base)
        log.info("REST  http://%s:%d/v1/models", self.options.host, self.port)
        if self.grpc_port is not None:
            log.info("gRPC  %s:%d", self.options.host, self.grpc_port)
        log.info("For production, run TensorFlow Serving on the same folder: same protocol, same exports.")


def _raise_open_files() -> None:
    """Lets this process have as many connections as the system grants it; the usual 1024 would be too few."""
    try:
        import resource
    except ModuleNotFoundError:  # Windows, which has no such limit
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(ValueError, OSError):  # the kernel may grant less than it says
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


class _Rest(uvicorn.Server):
    """Without uvicorn's own signal handlers."""

    def capture_signals(self) -> contextlib.AbstractContextManager:
        """Leaves signals to `serve`."""
        return contextlib.nullcontext()


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # told, so that asyncio sets TCP_NODELAY
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(BACKLOG)  # two sockets may be bound to a port, and only one may listen
    except OSError as error:
        listener.close()
        raise _taken("REST", host, port, "--port", error) from error
    return listener


def _taken(protocol: str, host: str, port: int, option: str, error: OSError | None = None) -> InvalidInputError:
    reason = "it is taken" if error is None or error.errno == errno.EADDRINUSE else error.strerror
    return InvalidInputError(f"{protocol} cannot listen on {host}:{port}: {reason}; choose another {option}.")


def run_loop(coroutine: Coroutine[Any, Any, None]) -> None:
    """Runs a coroutine to its end, in uvloop's event loop where that is installed."""
    try:
        import uvloop
    except ModuleNotFoundError:
        asyncio.run(coroutine)
    else:
        uvloop.run(coroutine)

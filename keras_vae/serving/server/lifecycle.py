"""Starts, runs and stops a server."""

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
from collections.abc import Callable, Coroutine, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, cast

import uvicorn
from starlette.routing import BaseRoute

from keras_vae.errors import InvalidInputError
from keras_vae.serving.server.connections import Connection
from keras_vae.serving.server.context import Context
from keras_vae.serving.server.hosts import only_hosts
from keras_vae.serving.server.metrics import Metrics
from keras_vae.serving.server.model_folders import Policy
from keras_vae.serving.server.predictor import Predictor
from keras_vae.serving.server.readers import Readers, RequestMemory
from keras_vae.serving.server.repository import Repository
from keras_vae.serving.server.rest import rest_app
from keras_vae.serving.server.rpc import rpc_server
from keras_vae.serving.server.server_options import ServerOptions

log = logging.getLogger("keras_vae.serving")

SWITCH_SECONDS = 0.0005
"""The switch interval of Python's threads; a long interval delays answers while other requests are parsed."""

FIRST_LOAD_SECONDS, LOAD_SECONDS = 60.0, 5.0
"""The maximum seconds that one model may delay the loading of others, at the start and later."""

OPEN_FILES = 65536
BACKLOG = 2048
"""The maximum number of connections waiting to be accepted, as in uvicorn."""

OBJECTS_BEFORE_COLLECTION = 200_000
"""A request with many rows creates as many lists, without cycles. Frequent garbage collections double its cost."""


def serve(base: str | os.PathLike, options: ServerOptions | None = None) -> None:
    """Serves the models in a folder until SIGTERM or SIGINT, then answers the accepted requests and stops.

    A second signal ends the process at once, with exit code 1.

    Args:
        base: folder of models, such as `saved_models`, or folder of the versions of one model.
        options: see `ServerOptions`.

    Raises:
        InvalidInputError: if the folder does not exist, or if a port is in use.
    """
    server = Server(Path(base), options or ServerOptions())

    def stop():
        if server.stopping.is_set():
            os._exit(1)
        log.info("stopping: answering the accepted requests, refusing new ones")
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
    """A server for a folder of models, with REST and gRPC.

    Args:
        base: see `serve`.
        options: see `serve`.
        on_start: called when the server accepts requests.
        routes: further routes beside the API, such as pages.
        hosts: names in the header Host to which REST answers; others get status 421. None answers to all.

    Raises:
        InvalidInputError: if the folder does not exist, or if a port is in use.
    """

    def __init__(
        self,
        base: Path,
        options: ServerOptions,
        *,
        on_start: Callable[[], None] = lambda: None,
        routes: Sequence[BaseRoute] = (),
        hosts: Sequence[str] | None = None,
    ):
        self.options = options
        self._routes, self._hosts = routes, hosts
        self.metrics = Metrics()
        self.repository = Repository(base, Policy(options.versions), on_load=self.metrics.load)
        self.stopping = threading.Event()
        self._previous_models = self.repository.models
        self._on_start = on_start
        self._socket = bind(options.host, options.port)
        self.port: int = self._socket.getsockname()[1]
        self.grpc_port: int | None = None

    async def run(self) -> None:
        """Serves until `stopping` is set.

        Raises:
            InvalidInputError: if the gRPC port is in use.
        """
        with ThreadPoolExecutor(os.cpu_count(), "model") as executor, Readers() as readers, self._socket:
            predictor = Predictor(self.options, self.metrics, executor)
            self.metrics.watch_queue(lambda: predictor.waiting)
            request_memory = RequestMemory(self.options.held_bytes)
            context = Context(self.options, self.repository, predictor, self.metrics, readers, request_memory)
            rpc = self._start_rpc(context)
            await asyncio.to_thread(self._poll_once, FIRST_LOAD_SECONDS)
            if rpc is not None:
                await rpc.start()
            app = rest_app(context, self._routes)
            rest = _Rest(self._config(app if self._hosts is None else only_hosts(app, self._hosts)))
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
        # uvicorn's annotations are too narrow: it calls `http`, and waits for fractions of a second too.
        http = cast(type[Connection], partial(Connection, options=options))
        keep_alive = cast(int, options.keep_alive_seconds)
        return uvicorn.Config(
            app, http=http, log_config=None, access_log=False, lifespan="off",
            server_header=False, ws="none", proxy_headers=False, timeout_keep_alive=keep_alive,
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
            raise _listen_error("gRPC", self.options.host, self.options.grpc_port, "--grpc-port") from error
        return server

    def _poll_once(self, load_seconds):
        """Polls the folder, and excludes the objects of new versions from Python's garbage collection.

        A full collection visits every object of TensorFlow and would delay requests by half a second.
        """
        self.repository.poll(load_seconds)
        if self.repository.models is not self._previous_models:
            self._previous_models = self.repository.models
            gc.collect()
            gc.freeze()

    async def _poll(self):
        while True:
            await asyncio.sleep(self.options.poll_seconds)
            try:
                await asyncio.to_thread(self._poll_once, LOAD_SECONDS)
            except Exception:  # the next poll may succeed
                log.exception("%s: polling failed; the server tries again", self.repository.base)

    def _announce(self):
        loaded_count = sum(
            any(s.model_version for s in versions.values()) for versions in self.repository.models.values()
        )
        log.info("%d model(s) from %s", loaded_count, self.repository.base)
        log.info("REST  http://%s:%d/v1/models", self.options.host, self.port)
        if self.grpc_port is not None:
            log.info("gRPC  %s:%d", self.options.host, self.grpc_port)
        log.info("For production, run TensorFlow Serving on the same folder; protocol and exports are the same.")


def _raise_open_files() -> None:
    """Raises the limit of open files, usually 1024, as every connection needs one."""
    try:
        import resource
    except ModuleNotFoundError:  # Windows, which has no such limit
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < limit:
        with contextlib.suppress(ValueError, OSError):  # the kernel may grant less than the hard limit
            resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))


class _Rest(uvicorn.Server):
    """A uvicorn server without its own signal handlers."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Leaves the signals to `serve`."""
        yield


def bind(host: str, port: int) -> socket.socket:
    """Returns a socket that listens for REST; raises `InvalidInputError` if the port cannot be used."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # asyncio sets TCP_NODELAY for TCP only
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(BACKLOG)  # bind succeeds for several sockets, listen only for one
    except OSError as error:
        listener.close()
        raise _listen_error("REST", host, port, "--port", error) from error
    return listener


def _listen_error(protocol: str, host: str, port: int, option: str, error: OSError | None = None) -> InvalidInputError:
    reason = "the port is in use" if error is None or error.errno == errno.EADDRINUSE else error.strerror
    return InvalidInputError(f"{protocol} cannot listen on {host}:{port}: {reason}; use another {option}.")


def run_loop(coroutine: Coroutine[Any, Any, None]) -> None:
    """Runs a coroutine until it ends, in the event loop of uvloop if it is installed."""
    try:
        import uvloop
    except ModuleNotFoundError:
        asyncio.run(coroutine)
    else:
        uvloop.run(coroutine)

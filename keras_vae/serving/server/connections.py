"""HTTP connections with limits and timeouts as in nginx, which the protocol of uvicorn lacks."""

import asyncio
import json
from typing import Any

import httptools
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.server import ServerState

from keras_vae.serving.server.server_options import ServerOptions

MAX_PIPELINED = 100
SILENT_SECONDS = 1.0
MAX_SMALL_CHUNKS, SMALL_CHUNK = 1000, 16
"""The maximum number of chunks of a body whose average size is below this number of bytes.

A small chunk costs as much time as a large one.
"""


class Connection(HttpToolsProtocol):
    """A connection of a client.

    - The client must send the header within `header_seconds` and `max_header_bytes`.
    - The body must contain more data than framing. (`rest` limits the time to read the body.)
    - The client must read a part of the answer in each interval of `send_seconds`.
    - If `max_connections` are open, a new connection replaces the connection that has been idle for the longest time.
      Connections whose requests are being processed are never closed. Idle clients therefore do not exclude others.

    Args:
        options: the limits.
        config: argument of uvicorn, like the remaining arguments.
    """

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        options: ServerOptions,
    ):
        super().__init__(config, server_state, app_state, _loop)
        self.options = options
        self.last_received = self.loop.time()
        self._in_header = True
        self._header_bytes = 0
        self._framing_bytes = 0
        self._fields = 0
        self._timer: asyncio.TimerHandle | None = None
        self._send_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Accepts a connection, and closes an idle connection if there are too many."""
        super().connection_made(transport)
        if len(self.connections) > self.options.max_connections and not self._close_idle_connection():
            self._refuse(503, f"the server has reached {self.options.max_connections} connections; try again later.")
            return
        self._timer = self.loop.call_later(self.options.header_seconds, self._on_header_timeout)

    def connection_lost(self, exc: Exception | None) -> None:
        """Removes the connection."""
        self._stop_timers()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Receives data from the client."""
        self.last_received = self.loop.time()
        if self._in_header:
            self._header_bytes += len(data)
        else:
            self._framing_bytes += len(data)
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._in_header:
            if self._header_bytes > self.options.max_header_bytes:
                self._refuse_header()
            elif self._timer is None and self._header_bytes:
                self._timer = self.loop.call_later(self.options.header_seconds, self._on_header_timeout)
        elif self._framing_bytes > self.options.max_header_bytes:
            self._refuse(400, "Malformed request: the body has more framing than content.")
        if self._timer is None and self.timeout_keep_alive_task is None and self._is_answered:
            self._wait_for_next()  # the remaining body of a request that was answered early

    def on_message_begin(self) -> None:
        """Starts a request."""
        super().on_message_begin()
        self._in_header, self._fields, self._chunks, self._body_bytes = True, 0, 0, 0

    def on_url(self, url: bytes) -> None:
        """Receives a part of the URL."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Receives a field of the header or of a trailer."""
        self._count(len(name) + len(value))
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Passes the request to the application."""
        if len(self.pipeline) >= MAX_PIPELINED:
            raise httptools.HttpParserError(f"more than {MAX_PIPELINED} requests are waiting for an answer")
        self._in_header, self._header_bytes, self._framing_bytes = False, 0, 0
        self._stop_timer()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Receives a part of the body."""
        self._framing_bytes -= 2 * len(body)
        self._chunks += 1
        self._body_bytes += len(body)
        if self._chunks > MAX_SMALL_CHUNKS and self._body_bytes < SMALL_CHUNK * self._chunks:
            raise httptools.HttpParserError("the chunks are too small")
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Ends a request."""
        self._in_header, self._header_bytes = True, 0
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Refuses a malformed request."""
        if self._fields > self.options.max_header_bytes:
            self._refuse_header()
        else:
            self._refuse(400, msg)

    def timeout_keep_alive_handler(self) -> None:
        """Closes a connection without requests, unless the client is still reading an answer."""
        if self.transport.get_write_buffer_size():
            self._wait_for_next()
        else:
            super().timeout_keep_alive_handler()

    def on_response_complete(self) -> None:
        """Ends an answer."""
        super().on_response_complete()
        self._watch_sending()

    def _wait_for_next(self) -> None:
        self.timeout_keep_alive_task = self.loop.call_later(self.timeout_keep_alive, self.timeout_keep_alive_handler)

    @property
    def _is_answered(self) -> bool:
        return self.cycle is not None and self.cycle.response_complete and not self.pipeline

    def shutdown(self) -> None:
        """Closes the connection after the current request; an idle connection is closed at once."""
        if self.idle and self.loop.time() - self.last_received > SILENT_SECONDS:
            self.transport.abort()
        else:
            super().shutdown()

    def pause_writing(self) -> None:
        """Pauses writing while the client reads slowly."""
        super().pause_writing()
        self._watch_sending()

    def resume_writing(self) -> None:
        """Resumes writing after the client has read."""
        super().resume_writing()
        self._watch_sending()

    def _watch_sending(self) -> None:
        """Starts a timer: the client must read a part of the buffer within `send_seconds`."""
        if self._send_timer is not None:
            self._send_timer.cancel()
            self._send_timer = None
        buffer_size = self.transport.get_write_buffer_size()
        if buffer_size:
            self._send_timer = self.loop.call_later(self.options.send_seconds, self._check_sending, buffer_size)

    def _check_sending(self, previous_size: int) -> None:
        """Closes the connection if the client has read nothing since the last check, as the buffer takes memory."""
        if self.transport.get_write_buffer_size() >= previous_size:
            self.transport.abort()
        else:
            self._watch_sending()

    @property
    def idle(self) -> bool:
        """Whether the server is waiting for the client."""
        is_working = self.cycle is not None and not self.cycle.response_complete and not self.cycle.more_body
        return not is_working and not self.transport.is_closing() and not self.transport.get_write_buffer_size()

    def _close_idle_connection(self) -> bool:
        others = [other for other in self.connections if isinstance(other, Connection) and other is not self]
        idle_connections = [other for other in others if other.idle]
        if not idle_connections:
            return False
        longest = min(idle_connections, key=lambda other: other.last_received)
        longest.transport.abort()
        self.connections.discard(longest)
        return True

    def _count(self, number: int) -> None:
        self._fields += number
        if self._fields > self.options.max_header_bytes:
            raise httptools.HttpParserError("the header is too long")

    def _on_header_timeout(self) -> None:
        self._timer = None
        if self.transport.is_closing():
            return
        if self._header_bytes:
            self._refuse(408, f"the header was not sent within {self.options.header_seconds:g} s.")
        else:
            self.transport.close()

    def _refuse_header(self) -> None:
        self._refuse(431, f"the header has more than {self.options.max_header_bytes} bytes.")

    def _refuse(self, status: int, message: str) -> None:
        body = json.dumps({"error": message}).encode()
        fields = b"content-type: application/json\r\nconnection: close\r\ncontent-length: %d\r\n\r\n" % len(body)
        self.transport.write(STATUS_LINE[status] + fields + body)
        self.transport.close()
        self._watch_sending()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _stop_timers(self) -> None:
        self._stop_timer()
        if self._send_timer is not None:
            self._send_timer.cancel()
            self._send_timer = None

"""HTTP connections with the limits and time-outs that nginx has, and uvicorn's own protocol lacks."""

import asyncio
import json
from typing import Any

import httptools
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.server import ServerState

from keras_vae.serving.server.server_options import ServerOptions

MOST_PIPELINED = 100
SILENT_SECONDS = 1.0
MOST_SMALL_CHUNKS, SMALL_CHUNK = 1000, 16
"""Chunks of a body that may have less than so many bytes on average; each costs as much as a large one."""


class Connection(HttpToolsProtocol):
    """A connection of a client.

    - Its header has to come in time, and in `max_header_bytes`.
    - Its body has to be more than framing. (That it comes in time is seen to where it is read, in `rest`.)
    - Its answer has to be read, a part of it in each `send_seconds`.
    - Where `max_connections` are open, the one whose client has been silent longest is closed for a new one. What the
      server works on is never closed, so a client that sends nothing keeps nobody out.

    Args:
        options: the limits.
        config: of uvicorn, as are the others.
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
        self.heard = self.loop.time()
        self._in_header = True
        self._header_bytes = 0
        self._framing_bytes = 0
        self._fields = 0
        self._timer: asyncio.TimerHandle | None = None
        self._send_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Takes a connection, and makes room for it."""
        super().connection_made(transport)
        if len(self.connections) > self.options.max_connections and not self._make_room():
            self._refuse(503, f"the server has {self.options.max_connections} connections; try again later.")
            return
        self._timer = self.loop.call_later(self.options.header_seconds, self._late)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forgets the connection."""
        self._stop_timers()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Takes what the client sent."""
        self.heard = self.loop.time()
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
                self._timer = self.loop.call_later(self.options.header_seconds, self._late)
        elif self._framing_bytes > self.options.max_header_bytes:
            self._refuse(400, "Malformed request: the body has more framing than content.")
        if self._timer is None and self.timeout_keep_alive_task is None and self._answered:
            self._wait_for_next()  # the rest of a request that was answered before it was read

    def on_message_begin(self) -> None:
        """Starts a request."""
        super().on_message_begin()
        self._in_header, self._fields, self._chunks, self._body_bytes = True, 0, 0, 0

    def on_url(self, url: bytes) -> None:
        """Takes a piece of the URL."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Takes a field of the header, or of a trailer."""
        self._count(len(name) + len(value))
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Hands the request to the application."""
        if len(self.pipeline) >= MOST_PIPELINED:
            raise httptools.HttpParserError(f"more than {MOST_PIPELINED} requests that are not answered")
        self._in_header, self._header_bytes, self._framing_bytes = False, 0, 0
        self._stop_timer()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Takes a piece of the body."""
        self._framing_bytes -= 2 * len(body)
        self._chunks += 1
        self._body_bytes += len(body)
        if self._chunks > MOST_SMALL_CHUNKS and self._body_bytes < SMALL_CHUNK * self._chunks:
            raise httptools.HttpParserError("the chunks are too small")
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Ends a request."""
        self._in_header, self._header_bytes = True, 0
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Refuses what is no HTTP."""
        if self._fields > self.options.max_header_bytes:
            self._refuse_header()
        else:
            self._refuse(400, msg)

    def timeout_keep_alive_handler(self) -> None:
        """Closes a connection without a request; one whose answer is still being read has more time."""
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
    def _answered(self) -> bool:
        return self.cycle is not None and self.cycle.response_complete and not self.pipeline

    def shutdown(self) -> None:
        """Ends with the request that is being answered or sent; who is silent is not waited for."""
        if self.idle and self.loop.time() - self.heard > SILENT_SECONDS:
            self.transport.abort()
        else:
            super().shutdown()

    def pause_writing(self) -> None:
        """Waits for a client that reads slowly."""
        super().pause_writing()
        self._watch_sending()

    def resume_writing(self) -> None:
        """Goes on: the client has read."""
        super().resume_writing()
        self._watch_sending()

    def _watch_sending(self) -> None:
        """From now on, some of what is written has to be read in each `send_seconds`."""
        if self._send_timer is not None:
            self._send_timer.cancel()
            self._send_timer = None
        left = self.transport.get_write_buffer_size()
        if left:
            self._send_timer = self.loop.call_later(self.options.send_seconds, self._sent, left)

    def _sent(self, before: int) -> None:
        """Gives up a client that has read nothing since; what has been written but not read takes memory."""
        if self.transport.get_write_buffer_size() >= before:
            self.transport.abort()
        else:
            self._watch_sending()

    @property
    def idle(self) -> bool:
        """Whether the server waits for the client, and not the other way round."""
        working = self.cycle is not None and not self.cycle.response_complete and not self.cycle.more_body
        return not working and not self.transport.is_closing() and not self.transport.get_write_buffer_size()

    def _make_room(self) -> bool:
        waiting = [other for other in self.connections if other is not self and other.idle]
        if not waiting:
            return False
        longest = min(waiting, key=lambda other: other.heard)
        longest.transport.abort()
        self.connections.discard(longest)
        return True

    def _count(self, number: int) -> None:
        self._fields += number
        if self._fields > self.options.max_header_bytes:
            raise httptools.HttpParserError("the header is too long")

    def _late(self) -> None:
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

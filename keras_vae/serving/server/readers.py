"""Large requests are read beside the event loop, and no more of them than memory has room for."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from keras_vae.serving.server.request_error import Code, RequestError

T = TypeVar("T")
SMALL = 512 * 2**10
"""Bytes that are read at once, in some milliseconds: to change threads would cost more."""
LARGE = 2 * 2**20
"""Bytes that have a thread of their own, so that the smaller ones do not wait for them."""


class Readers:
    """Threads that parse requests and write answers.

    Example:

    >>> with Readers() as readers:
    ...     asyncio.run(readers.run(100_000, str.upper, "a"))
    'A'
    """

    def __init__(self):
        self._threads = ThreadPoolExecutor(1, "reader"), ThreadPoolExecutor(1, "large-reader")

    def __enter__(self) -> "Readers":
        return self

    def __exit__(self, *_) -> None:
        for threads in self._threads:
            threads.shutdown(wait=False, cancel_futures=True)

    async def run(self, size: int, function: Callable[..., T], *arguments) -> T:
        """What the function returns; called in a thread if it has many bytes to work on."""
        if size <= SMALL:
            return function(*arguments)
        return await asyncio.get_running_loop().run_in_executor(self._threads[size > LARGE], function, *arguments)


ALWAYS_TAKEN = 64 * 2**10
"""Bytes of a request that there is always room for."""


class Held:
    """The bytes of a request that has not been answered."""

    def __init__(self, room: "Room"):
        self.bytes = 0
        self.give_up: Callable[[], None] | None = None
        self._room = room

    def add(self, size: int) -> None:
        """Takes in so many bytes more.

        Raises:
            RequestError: if there is no room for them.
        """
        self._room.take(self, size)
        self.bytes += size


class Room:
    """The memory for the bodies of all requests.

    Where there is no room, the largest of those that are still being sent gives way to smaller ones: a client that
    sends a large body slowly keeps nobody out. Small requests are always taken; their number is limited.

    Args:
        most: bytes.
    """

    def __init__(self, most: int):
        self.most = most
        self.bytes = 0
        self._held: set[Held] = set()

    @contextlib.contextmanager
    def hold(self) -> Iterator[Held]:
        """Keeps count of one request until it is answered."""
        held = Held(self)
        self._held.add(held)
        try:
            yield held
        finally:
            self._held.discard(held)
            self.bytes -= held.bytes

    def take(self, held: Held, size: int) -> None:
        """Takes in bytes of a request, see `Held.add`."""
        while self.bytes + size > self.most and held.bytes + size > ALWAYS_TAKEN:
            others = [other for other in self._held if other.give_up is not None and other.bytes > held.bytes + size]
            if not others:
                raise full()
            largest = max(others, key=lambda other: other.bytes)
            largest.give_up()
            largest.give_up = None
            self.bytes -= largest.bytes
            largest.bytes = 0
        self.bytes += size


def full() -> RequestError:
    """The error of a request for which there is no memory."""
    return RequestError(
        Code.RESOURCE_EXHAUSTED, "the server holds too many large requests; try again later, with fewer rows."
    )

"""Parses large requests outside the event loop, and limits their memory."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from keras_vae.serving.server.request_error import Code, RequestError

T = TypeVar("T")
SMALL = 512 * 2**10
"""The maximum bytes of a request that is parsed in the event loop, as another thread would take longer."""
LARGE = 2 * 2**20
"""The bytes above which a request uses a separate thread, so that smaller requests do not wait for it."""


class Readers:
    """Threads to parse requests and to write answers.

    Example:

    >>> with Readers() as readers:
    ...     asyncio.run(readers.run(100_000, str.upper, "a"))
    'A'
    """

    def __init__(self):
        self._threads = ThreadPoolExecutor(1, "reader"), ThreadPoolExecutor(1, "large-reader")

    def __enter__(self) -> "Readers":
        return self

    def __exit__(self, *_: object) -> None:
        for threads in self._threads:
            threads.shutdown(wait=False, cancel_futures=True)

    async def run(self, size: int, function: Callable[..., T], *arguments: Any) -> T:
        """Calls a function and returns its result; calls it in a thread if `size` is large.

        Args:
            size: number of bytes that the function processes.
            function: the function.
            arguments: its arguments.
        """
        if size <= SMALL:
            return function(*arguments)
        return await asyncio.get_running_loop().run_in_executor(self._threads[size > LARGE], function, *arguments)


ALWAYS_ACCEPTED = 64 * 2**10
"""The bytes of a request that are always accepted."""


class RequestBytes:
    """The number of bytes of a request without an answer so far.

    Attributes:
        bytes: number of bytes.
        cancel: function that cancels the request while its body arrives; None otherwise.
    """

    def __init__(self, memory: "RequestMemory"):
        self.bytes = 0
        self.cancel: Callable[[], None] | None = None
        self._memory = memory

    def add(self, size: int) -> None:
        """Adds bytes to the request.

        Raises:
            RequestError: if the memory limit is exceeded.
        """
        self._memory.reserve(self, size)
        self.bytes += size


class RequestMemory:
    """The memory for the bodies of all requests.

    If the limit is exceeded, the largest request whose body still arrives is cancelled in favour of smaller requests.
    A slow client with a large body therefore does not exclude others. Small requests are always accepted; the number
    of connections limits their memory.

    Args:
        max_bytes: maximum number of bytes.
    """

    def __init__(self, max_bytes: int):
        self.max_bytes = max_bytes
        self.bytes = 0
        self._requests: set[RequestBytes] = set()

    @contextlib.contextmanager
    def request(self) -> Iterator[RequestBytes]:
        """Counts the bytes of one request during a `with` block."""
        request = RequestBytes(self)
        self._requests.add(request)
        try:
            yield request
        finally:
            self._requests.discard(request)
            self.bytes -= request.bytes

    def reserve(self, request: RequestBytes, size: int) -> None:
        """Reserves bytes for a request, see `RequestBytes.add`."""
        while self.bytes + size > self.max_bytes and request.bytes + size > ALWAYS_ACCEPTED:
            candidates = [
                other for other in self._requests if other.cancel is not None and other.bytes > request.bytes + size
            ]
            if not candidates:
                raise memory_exceeded()
            largest = max(candidates, key=lambda other: other.bytes)
            cancel, largest.cancel = largest.cancel, None
            if cancel is not None:
                cancel()
            self.bytes -= largest.bytes
            largest.bytes = 0
        self.bytes += size


def memory_exceeded() -> RequestError:
    """Returns the error of a request that exceeds the memory limit."""
    return RequestError(
        Code.RESOURCE_EXHAUSTED, "the server has too many large requests; try again later, with fewer rows."
    )

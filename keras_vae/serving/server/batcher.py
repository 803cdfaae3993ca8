"""Requests that wait are answered together."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from typing import NamedTuple

import numpy as np

from keras_vae.serving.server.request_error import Code, RequestError, late

Arrays = Mapping[str, np.ndarray]
TURNS = 4
"""How many requests that wait a batch has room for, at least."""


class _Request:
    """A request with the rows that have not been run yet."""

    def __init__(self, inputs: Arrays, rows: int, deadline: float):
        self.inputs = inputs
        self.waiting = rows
        self.deadline = deadline
        self.since = time.monotonic()
        self.answer: asyncio.Future[Arrays] = asyncio.get_running_loop().create_future()
        self._rows = rows
        self._outputs: list[Arrays] = []

    @property
    def over(self) -> bool:
        """Whether nobody waits for the answer any more."""
        return self.answer.done() or self.deadline <= time.monotonic()

    def take(self, rows: int) -> "_Part":
        """The next rows."""
        start = self._rows - self.waiting
        self.waiting -= rows
        return _Part(self, start, rows)

    def give(self, outputs: Arrays) -> None:
        """Takes the outputs of the next part; the last one completes the answer."""
        self._outputs.append(outputs)
        if sum(map(_rows, self._outputs)) == self._rows:
            _settle(self.answer, self._outputs[0] if len(self._outputs) == 1 else _joined(self._outputs))


class _Part(NamedTuple):
    """Some rows of a request."""

    request: _Request
    start: int
    rows: int

    @property
    def inputs(self) -> Arrays:
        return _sliced(self.request.inputs, self.start, self.rows)


class Batcher:
    """Joins the requests to one signature along dimension 0.

    While nothing runs, a request runs at once, so that batching costs no latency; while a batch runs, the next ones
    wait and then run together. Those that wait take turns, some rows each, so that a large request does not hold up
    small ones. A batch that fails is run again in halves, so that none fails for another.

    Args:
        run: inputs -> outputs, called in the executor.
        executor: where it runs.
        max_batch_size: rows of a batch; larger requests are split.
        max_queue: rows that may wait. Beyond it, the requests with the most rows are refused.
        timeout: seconds that the first request of a batch waits for others though nothing runs.
        observe: is told the rows of each batch.
    """

    def __init__(
        self,
        run: Callable[[Arrays], Arrays],
        executor: Executor,
        *,
        max_batch_size: int,
        max_queue: int,
        timeout: float = 0.0,
        observe: Callable[[int], None] = lambda rows: None,
    ):
        self.run = run
        self.executor = executor
        self.max_batch_size = max_batch_size
        self.max_queue = max_queue
        self.timeout = timeout
        self.observe = observe
        self.waiting = 0
        self._turn = max(1, max_batch_size // TURNS)
        self._queue: deque[_Request] = deque()
        self._running = False
        self._timer: asyncio.TimerHandle | None = None

    async def submit(self, inputs: Arrays, rows: int, deadline: float) -> Arrays:
        """The answer.

        Args:
            inputs: name -> array of `rows` rows.
            rows: how many.
            deadline: by the clock of `time.monotonic`.

        Raises:
            RequestError: if too much waits already, the deadline passes, or the model refuses the inputs.
        """
        self._make_room(rows)
        request = _Request(inputs, rows, deadline)
        self._queue.append(request)
        self.waiting += rows
        self._start()
        timer = asyncio.get_running_loop().call_later(max(0.0, deadline - time.monotonic()), _expire, request)
        try:
            return await request.answer
        finally:
            timer.cancel()
            request.answer.cancel()
            if request.waiting:
                self._drop(request)

    def _make_room(self, rows):
        """Refuses the largest of those that wait, and of what comes, until the rest is no more than may wait."""
        while self.waiting and self.waiting + rows > self.max_queue:
            largest = max(self._queue, key=lambda request: request.waiting)
            error = RequestError(
                Code.RESOURCE_EXHAUSTED,
                f"the queue is full: {self.waiting} rows wait, at most {self.max_queue} may; try again later.",
            )
            if largest.waiting <= rows:
                raise error
            _settle(largest.answer, error=error)
            self._drop(largest)

    def _drop(self, request):
        """Forgets the rows of a request that have not been run."""
        self._queue.remove(request)
        self.waiting -= request.waiting
        request.waiting = 0

    def _start(self):
        """Runs the next batch, unless one runs or more requests are worth waiting for."""
        if self._running or not self._queue:
            return
        wait = self._queue[0].since + self.timeout - time.monotonic()
        if self.timeout and wait > 0 and self.waiting < self.max_batch_size:
            if self._timer is None:
                self._timer = asyncio.get_running_loop().call_later(wait, self._wake)
            return
        batch = self._next()
        if batch:
            self._running = True
            asyncio.get_running_loop().create_task(self._run(batch))

    def _wake(self):
        self._timer = None
        self._start()

    def _next(self) -> list[_Part]:
        """The next batch: each request in its turn, once more as long as there is room."""
        rows: dict[_Request, int] = {}
        room = self.max_batch_size
        while self._queue and room:
            request = self._queue.popleft()
            if request not in rows and request.over:
                self.waiting -= request.waiting
                request.waiting = 0
                continue
            taken = rows.get(request, 0)
            turn = min(self._turn, request.waiting - taken, room)
            rows[request] = taken + turn
            room -= turn
            if rows[request] < request.waiting:
                self._queue.append(request)
        self.waiting -= sum(rows.values())
        return [request.take(number) for request, number in rows.items()]

    async def _run(self, batch: list[_Part]):
        try:
            await self._answer(batch)
        finally:
            self._running = False
            self._start()

    async def _answer(self, batch):
        loop = asyncio.get_running_loop()
        inputs = batch[0].inputs if len(batch) == 1 else _joined([part.inputs for part in batch])
        try:
            outputs = await loop.run_in_executor(self.executor, self.run, inputs)
        except Exception as error:
            if len(batch) == 1:
                _settle(batch[0].request.answer, error=error)
            else:
                middle = len(batch) // 2
                await self._answer(batch[:middle])
                await self._answer(batch[middle:])
            return
        self.observe(sum(part.rows for part in batch))
        start = 0
        for part in batch:
            part.request.give(_sliced(outputs, start, part.rows))
            start += part.rows


def _expire(request: _Request) -> None:
    _settle(request.answer, error=late())


def _settle(answer: asyncio.Future, value: Arrays | None = None, *, error: Exception | None = None) -> None:
    if answer.done():
        return
    if error is None:
        answer.set_result(value)
    else:
        answer.set_exception(error)


def _rows(arrays: Arrays) -> int:
    return len(next(iter(arrays.values())))


def _sliced(arrays: Arrays, start: int, rows: int) -> Arrays:
    return {name: array[start : start + rows] for name, array in arrays.items()}


def _joined(parts: list[Arrays]) -> Arrays:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

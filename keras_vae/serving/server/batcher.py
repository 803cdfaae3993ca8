"""Joins waiting requests into batches."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from typing import NamedTuple

import numpy as np

from keras_vae.serving.server.request_error import Code, RequestError, deadline_exceeded

Arrays = Mapping[str, np.ndarray]
MIN_REQUESTS = 4
"""A batch has rows for at least this many waiting requests."""


class _Request:
    """A request and its rows that have not run yet."""

    def __init__(self, inputs: Arrays, rows: int, deadline: float):
        self.inputs = inputs
        self.waiting = rows
        self.deadline = deadline
        self.created = time.monotonic()
        self.answer: asyncio.Future[Arrays] = asyncio.get_running_loop().create_future()
        self._rows = rows
        self._outputs: list[Arrays] = []

    @property
    def is_over(self) -> bool:
        """Whether the request is answered, cancelled or past its deadline."""
        return self.answer.done() or self.deadline <= time.monotonic()

    def take(self, rows: int) -> "_Part":
        """Takes the next rows."""
        start = self._rows - self.waiting
        self.waiting -= rows
        return _Part(self, start, rows)

    def add_outputs(self, outputs: Arrays) -> None:
        """Adds the outputs of the next part; the last part completes the answer."""
        self._outputs.append(outputs)
        if sum(map(_rows, self._outputs)) == self._rows:
            _settle(self.answer, self._outputs[0] if len(self._outputs) == 1 else _concatenate(self._outputs))


class _Part(NamedTuple):
    """A range of rows of a request."""

    request: _Request
    start: int
    rows: int

    @property
    def inputs(self) -> Arrays:
        return _slice(self.request.inputs, self.start, self.rows)


class Batcher:
    """Joins the requests of one signature along dimension 0.

    If no batch is running, a request runs at once, so that batching adds no latency. Requests that arrive during a
    batch wait and then run together. Waiting requests take turns with some rows each, so that a large request does not
    delay small ones. If a batch fails, it runs again in halves, so that an invalid request does not affect the others.

    Args:
        run: function of the inputs that returns the outputs; it is called in the executor.
        executor: the threads for `run`.
        max_batch_size: maximum number of rows in a batch; larger requests are split.
        max_queue: maximum number of waiting rows. Beyond this number, the requests with the most rows are refused.
        timeout: seconds that the first request of a batch waits for other requests, even if no batch is running.
        observe: called with the number of rows of each batch.
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
        self._turn = max(1, max_batch_size // MIN_REQUESTS)
        self._queue: deque[_Request] = deque()
        self._running = False
        self._timer: asyncio.TimerHandle | None = None

    async def submit(self, inputs: Arrays, rows: int, deadline: float) -> Arrays:
        """Runs a request and returns its outputs.

        Args:
            inputs: name -> array with `rows` rows.
            rows: number of rows.
            deadline: deadline in the clock of `time.monotonic`.

        Raises:
            RequestError: if the queue is full, the deadline passes, or the model rejects the inputs.
        """
        self._limit_queue(rows)
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

    def _limit_queue(self, rows):
        """Refuses the largest requests, waiting or new, until the queue has space for the others."""
        while self.waiting and self.waiting + rows > self.max_queue:
            largest = max(self._queue, key=lambda request: request.waiting)
            error = RequestError(
                Code.RESOURCE_EXHAUSTED,
                f"the queue is full, with {self.waiting} of at most {self.max_queue} rows; try again later.",
            )
            if largest.waiting <= rows:
                raise error
            _settle(largest.answer, error=error)
            self._drop(largest)

    def _drop(self, request):
        """Removes the rows of a request that have not run."""
        self._queue.remove(request)
        self.waiting -= request.waiting
        request.waiting = 0

    def _start(self):
        """Runs the next batch, unless a batch is running or the first request still waits for others."""
        if self._running or not self._queue:
            return
        wait = self._queue[0].created + self.timeout - time.monotonic()
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
        """Returns the next batch: the requests take turns until the batch is full."""
        rows: dict[_Request, int] = {}
        free_rows = self.max_batch_size
        while self._queue and free_rows:
            request = self._queue.popleft()
            if request not in rows and request.is_over:
                self.waiting -= request.waiting
                request.waiting = 0
                continue
            rows_so_far = rows.get(request, 0)
            turn = min(self._turn, request.waiting - rows_so_far, free_rows)
            rows[request] = rows_so_far + turn
            free_rows -= turn
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
        inputs = batch[0].inputs if len(batch) == 1 else _concatenate([part.inputs for part in batch])
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
            part.request.add_outputs(_slice(outputs, start, part.rows))
            start += part.rows


def _expire(request: _Request) -> None:
    _settle(request.answer, error=deadline_exceeded())


def _settle(answer: asyncio.Future, value: Arrays | None = None, *, error: Exception | None = None) -> None:
    if answer.done():
        return
    if error is None:
        answer.set_result(value)
    else:
        answer.set_exception(error)


def _rows(arrays: Arrays) -> int:
    return len(next(iter(arrays.values())))


def _slice(arrays: Arrays, start: int, rows: int) -> Arrays:
    return {name: array[start : start + rows] for name, array in arrays.items()}


def _concatenate(parts: list[Arrays]) -> Arrays:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

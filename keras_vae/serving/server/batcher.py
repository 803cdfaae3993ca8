"""Requests that wait are answered together."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field

import numpy as np

from keras_vae.serving.server.request_error import Code, RequestError, late

Arrays = Mapping[str, np.ndarray]


@dataclass(eq=False)
class _Request:
    inputs: Arrays
    rows: int
    deadline: float
    answer: asyncio.Future
    since: float = field(default_factory=time.monotonic)


class Batcher:
    """Joins the requests to one signature along dimension 0.

    While nothing runs, a request runs at once, so that batching costs no latency; while a batch runs, the next ones
    wait and then run together. A batch that fails is run again request by request, so that none fails for another.

    Args:
        run: inputs -> outputs, called in the executor.
        executor: where it runs.
        max_batch_size: rows of a batch; larger requests are split.
        max_queue: rows that may wait.
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
        if self.waiting and self.waiting + rows > self.max_queue:
            raise RequestError(
                Code.RESOURCE_EXHAUSTED, f"the queue is full: {self.waiting} rows wait, at most {self.max_queue} may."
            )
        starts = range(0, rows, self.max_batch_size)
        requests = [self._enqueue(_sliced(inputs, start, self.max_batch_size), deadline) for start in starts]
        self._start()
        timer = asyncio.get_running_loop().call_later(max(0.0, deadline - time.monotonic()), _expire, requests)
        try:
            answers = [await request.answer for request in requests]
        finally:
            timer.cancel()
            for request in requests:
                request.answer.cancel()
        return answers[0] if len(answers) == 1 else _joined(answers)

    def _enqueue(self, inputs, deadline):
        rows = len(next(iter(inputs.values())))
        request = _Request(inputs, rows, deadline, asyncio.get_running_loop().create_future())
        self._queue.append(request)
        self.waiting += rows
        return request

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

    def _next(self) -> list[_Request]:
        batch, rows = [], 0
        while self._queue and rows + self._queue[0].rows <= self.max_batch_size:
            request = self._queue.popleft()
            self.waiting -= request.rows
            if not request.answer.done() and request.deadline > time.monotonic():
                batch.append(request)
                rows += request.rows
        return batch

    async def _run(self, batch: list[_Request]):
        try:
            await self._answer(batch)
        finally:
            self._running = False
            self._start()

    async def _answer(self, batch):
        loop = asyncio.get_running_loop()
        inputs = batch[0].inputs if len(batch) == 1 else _joined([request.inputs for request in batch])
        try:
            outputs = await loop.run_in_executor(self.executor, self.run, inputs)
        except Exception as error:
            if len(batch) == 1:
                _settle(batch[0].answer, error=error)
            else:
                for request in batch:
                    await self._answer([request])
            return
        self.observe(sum(request.rows for request in batch))
        start = 0
        for request in batch:
            _settle(request.answer, _sliced(outputs, start, request.rows))
            start += request.rows


def _expire(requests: list[_Request]) -> None:
    for request in requests:
        _settle(request.answer, error=late())


def _settle(answer: asyncio.Future, value: Arrays | None = None, *, error: Exception | None = None) -> None:
    if answer.done():
        return
    if error is None:
        answer.set_result(value)
    else:
        answer.set_exception(error)


def _sliced(arrays: Arrays, start: int, rows: int) -> Arrays:
    return {name: array[start : start + rows] for name, array in arrays.items()}


def _joined(parts: list[Arrays]) -> Arrays:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

"""From a request in either protocol to its answer."""

import asyncio
import time
import weakref
from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np

from keras_vae.serving.server.batcher import Batcher
from keras_vae.serving.server.metrics import Metrics
from keras_vae.serving.server.request_error import late
from keras_vae.serving.server.servable import Servable, Signature
from keras_vae.serving.server.server_options import ServerOptions


class Predictor:
    """Runs signatures, in batches where they can be joined.

    Args:
        options: limits.
        metrics: where sizes are counted.
        executor: the threads in which models run.
    """

    def __init__(self, options: ServerOptions, metrics: Metrics, executor: ThreadPoolExecutor):
        self.options = options
        self.metrics = metrics
        self.executor = executor
        self._batchers: weakref.WeakKeyDictionary[Servable, dict[str, Batcher]] = weakref.WeakKeyDictionary()

    @property
    def waiting(self) -> int:
        """Rows that wait to be run."""
        return sum(batcher.waiting for batchers in self._batchers.values() for batcher in batchers.values())

    async def predict(
        self,
        servable: Servable,
        signature: Signature,
        inputs: Mapping[str, np.ndarray],
        *,
        outputs: Collection[str] | None = None,
        seconds: float | None = None,
    ) -> dict[str, np.ndarray]:
        """The answer to checked inputs.

        Args:
            servable: the version that is asked.
            signature: of it.
            inputs: name -> array.
            outputs: the names of those that are wanted; None for all.
            seconds: how long it may take, within the server's own limit.

        Raises:
            RequestError: if it is not answered.
        """
        rows = signature.rows(inputs)
        limit = self.options.request_seconds if seconds is None else min(seconds, self.options.request_seconds)
        deadline = time.monotonic() + limit
        if self.options.batching and signature.batched:
            answer = await self._batcher(servable, signature).submit(inputs, rows, deadline)
        else:
            answer = await self._alone(servable, signature, inputs, limit)
        return {name: answer[name] for name in signature.outputs if outputs is None or name in outputs}

    async def _alone(self, servable, signature, inputs, limit):
        run = asyncio.get_running_loop().run_in_executor(self.executor, servable.run, signature.name, inputs)
        try:
            return await asyncio.wait_for(run, limit)
        except TimeoutError:
            raise late() from None

    def _batcher(self, servable, signature):
        batchers = self._batchers.setdefault(servable, {})
        if signature.name not in batchers:
            reference = weakref.proxy(servable)  # the batchers must not keep a version that is unloaded
            batchers[signature.name] = Batcher(
                lambda inputs: reference.run(signature.name, inputs),
                self.executor,
                max_batch_size=self.options.max_batch_size,
                max_queue=self.options.max_queue,
                timeout=self.options.batch_timeout_ms / 1000,
                observe=partial(self.metrics.batch, servable.name, signature.name),
            )
        return batchers[signature.name]

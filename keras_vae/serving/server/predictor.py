"""Runs signatures for the requests of both protocols."""

import asyncio
import time
import weakref
from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np

from keras_vae.serving.server.batcher import Batcher
from keras_vae.serving.server.metrics import Metrics
from keras_vae.serving.server.model_version import ModelVersion, ServedSignature
from keras_vae.serving.server.request_error import deadline_exceeded
from keras_vae.serving.server.server_options import ServerOptions


class Predictor:
    """Runs signatures, in batches if the requests can be joined.

    Args:
        options: the limits.
        metrics: the metrics for the batch sizes.
        executor: the threads for the models.
    """

    def __init__(self, options: ServerOptions, metrics: Metrics, executor: ThreadPoolExecutor):
        self.options = options
        self.metrics = metrics
        self.executor = executor
        self._batchers: weakref.WeakKeyDictionary[ModelVersion, dict[str, Batcher]] = weakref.WeakKeyDictionary()

    @property
    def waiting(self) -> int:
        """The number of rows waiting for a batch."""
        return sum(batcher.waiting for batchers in self._batchers.values() for batcher in batchers.values())

    async def predict(
        self,
        model_version: ModelVersion,
        signature: ServedSignature,
        inputs: Mapping[str, np.ndarray],
        *,
        outputs: Collection[str] | None = None,
        seconds: float | None = None,
    ) -> dict[str, np.ndarray]:
        """Runs a signature on checked inputs and returns its outputs.

        Args:
            model_version: the version of the model.
            signature: a signature of this version.
            inputs: name -> array.
            outputs: names of the outputs to return. None returns all outputs.
            seconds: maximum seconds, in addition to the limit of the server.

        Raises:
            RequestError: if the request fails.
        """
        rows = signature.rows(inputs)
        limit = self.options.request_seconds if seconds is None else min(seconds, self.options.request_seconds)
        deadline = time.monotonic() + limit
        if self.options.batching and signature.batched:
            answer = await self._batcher(model_version, signature).submit(inputs, rows, deadline)
        else:
            answer = await self._run_alone(model_version, signature, inputs, limit)
        return {name: answer[name] for name in signature.outputs if outputs is None or name in outputs}

    async def _run_alone(self, model_version, signature, inputs, limit):
        run = asyncio.get_running_loop().run_in_executor(self.executor, model_version.run, signature.name, inputs)
        try:
            return await asyncio.wait_for(run, limit)
        except TimeoutError:
            raise deadline_exceeded() from None

    def _batcher(self, model_version, signature):
        batchers = self._batchers.setdefault(model_version, {})
        if signature.name not in batchers:
            reference = weakref.proxy(model_version)  # the batchers must not keep an unloaded version in memory
            batchers[signature.name] = Batcher(
                lambda inputs: reference.run(signature.name, inputs),
                self.executor,
                max_batch_size=self.options.max_batch_size,
                max_queue=self.options.max_queue,
                timeout=self.options.batch_timeout_ms / 1000,
                observe=partial(self.metrics.batch, model_version.name, signature.name),
            )
        return batchers[signature.name]

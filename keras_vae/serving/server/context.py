"""The parts of a server that REST and gRPC share, and the accounting of requests."""

import contextlib
import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from keras_vae.serving.server.metrics import Metrics
from keras_vae.serving.server.model_version import Limits
from keras_vae.serving.server.predictor import Predictor
from keras_vae.serving.server.readers import Readers, RequestMemory
from keras_vae.serving.server.repository import Repository
from keras_vae.serving.server.request_error import Code, RequestError
from keras_vae.serving.server.server_options import ServerOptions

log = logging.getLogger("keras_vae.serving")
access_log = logging.getLogger("keras_vae.serving.access")


@dataclass
class Account:
    """Information on a request for the metrics and the access log."""

    protocol: str
    model: str = ""
    signature: str = ""
    version: int = 0


@dataclass(frozen=True)
class Context:
    """The parts of a running server."""

    options: ServerOptions
    repository: Repository
    predictor: Predictor
    metrics: Metrics
    readers: Readers
    request_memory: RequestMemory

    @cached_property
    def limits(self) -> Limits:
        """The limits of a request."""
        return Limits(self.options.max_rows, self.options.max_request_bytes)

    @contextlib.contextmanager
    def account(self, protocol: str) -> Iterator[Account]:
        """Counts and logs one request; turns unexpected exceptions into a `RequestError` with the code INTERNAL."""
        account, start_time, code = Account(protocol), time.perf_counter(), "OK"
        self.metrics.in_flight.inc()
        try:
            yield account
        except RequestError as error:
            code = error.code.name
            raise
        except Exception as error:
            code = Code.INTERNAL.name
            log.exception("a request failed because of an error in the server")
            raise RequestError(Code.INTERNAL, f"the server failed: {type(error).__name__}.") from error
        except BaseException:
            code = Code.CANCELLED.name
            raise
        finally:
            seconds = time.perf_counter() - start_time
            self.metrics.in_flight.dec()
            self.metrics.request(account.model, account.signature, protocol, code, seconds)
            access_log.debug(
                "%s %s/%s %s %s %.1f ms",
                protocol, account.model or "-", account.version or "-", account.signature or "-", code, 1000 * seconds,
            )  # fmt: skip

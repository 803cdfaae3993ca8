"""What is counted, for Prometheus."""

import functools
from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60)
ROWS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)


class Metrics:
    """Counters of one server, in a registry of their own."""

    def __init__(self):
        self.registry = CollectorRegistry()
        labels = ("model", "signature", "protocol")
        self._requests = self._metric(Counter, "requests", "Requests, by the code of the answer.", (*labels, "code"))
        self._seconds = self._metric(
            Histogram, "request_seconds", "From the last byte of a request to its answer.", labels, buckets=SECONDS
        )
        self._rows = self._metric(
            Histogram, "batch_rows", "Rows that ran together.", ("model", "signature"), buckets=ROWS
        )
        self._loads = self._metric(Counter, "loads", "Versions loaded, or that could not be.", ("model", "result"))
        self._version = self._metric(Gauge, "newest_version", "The newest version that has been loaded.", ("model",))
        self.in_flight = self._metric(Gauge, "requests_in_flight", "Requests that have not been answered yet.")
        self._waiting = self._metric(Gauge, "waiting_rows", "Rows that wait to be run.")
        self._of_request = functools.cache(
            lambda *labels: (self._requests.labels(*labels), self._seconds.labels(*labels[:3]))
        )

    def _metric(self, kind, name, text, labels=(), **options):
        return kind(f"keras_vae_{name}", text, labels, registry=self.registry, **options)

    def watch_queue(self, waiting: Callable[[], int]) -> None:
        """Reads the length of the queue whenever metrics are asked for."""
        self._waiting.set_function(waiting)

    def request(self, model: str, signature: str, protocol: str, code: str, seconds: float) -> None:
        """Counts an answered request; `model` and `signature` are those that were found, not what a client wrote."""
        counter, histogram = self._of_request(model, signature, protocol, code)
        counter.inc()
        histogram.observe(seconds)

    def batch(self, model: str, signature: str, rows: int) -> None:
        """Counts a batch."""
        self._rows.labels(model, signature).observe(rows)

    def load(self, model: str, version: int, well: bool) -> None:
        """Counts a version."""
        self._loads.labels(model, "ok" if well else "error").inc()
        if well:
            self._version.labels(model).set(version)

    def page(self) -> bytes:
        """All of it, in Prometheus's text format."""
        return generate_latest(self.registry)

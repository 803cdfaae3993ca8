"""The metrics of the server, for Prometheus."""

import functools
from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60)
ROWS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)


class Metrics:
    """The metrics of one server, in a separate registry."""

    def __init__(self):
        self.registry = CollectorRegistry()
        labels = ("model", "signature", "protocol")
        self._requests = self._metric(Counter, "requests", "Requests by status code.", (*labels, "code"))
        self._seconds = self._metric(
            Histogram,
            "request_seconds",
            "Seconds from the last byte of a request to its answer.",
            labels,
            buckets=SECONDS,
        )
        self._rows = self._metric(Histogram, "batch_rows", "Rows in a batch.", ("model", "signature"), buckets=ROWS)
        self._loads = self._metric(Counter, "loads", "Loads of versions by result.", ("model", "result"))
        self._version = self._metric(Gauge, "newest_version", "The newest loaded version.", ("model",))
        self.in_flight = self._metric(Gauge, "requests_in_flight", "Requests without an answer so far.")
        self._waiting = self._metric(Gauge, "waiting_rows", "Rows waiting for a batch.")
        self._of_request = functools.cache(
            lambda *labels: (self._requests.labels(*labels), self._seconds.labels(*labels[:3]))
        )

    def _metric(self, kind, name, text, labels=(), **options):
        return kind(f"keras_vae_{name}", text, labels, registry=self.registry, **options)

    def watch_queue(self, waiting: Callable[[], int]) -> None:
        """Sets the function that returns the number of waiting rows."""
        self._waiting.set_function(waiting)

    def request(self, model: str, signature: str, protocol: str, code: str, seconds: float) -> None:
        """Counts a request. `model` and `signature` must be names of the server, not text from a client."""
        counter, histogram = self._of_request(model, signature, protocol, code)
        counter.inc()
        histogram.observe(seconds)

    def batch(self, model: str, signature: str, rows: int) -> None:
        """Counts a batch."""
        self._rows.labels(model, signature).observe(rows)

    def load(self, model: str, version: int, success: bool) -> None:
        """Counts a load of a version."""
        self._loads.labels(model, "ok" if success else "error").inc()
        if success:
            self._version.labels(model).set(version)

    def page(self) -> bytes:
        """Returns all metrics in the text format of Prometheus."""
        return generate_latest(self.registry)

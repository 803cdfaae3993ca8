"""Handles SIGINT (Ctrl-C) and SIGTERM during training."""

import contextlib
import signal
import threading
from collections.abc import Iterator

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class OutOfTimeError(Exception):
    """The time of a training is over. `train` catches it."""


class Interrupts:
    """The number of the signal received, or 0.

    TensorFlow can swallow an exception that a handler raises within its calls. The handler therefore only stores the
    number, and the training loop reads it between batches. A second Ctrl-C raises at once.
    """

    def __init__(self):
        self.signal = 0

    def ask(self, number: int, *_: object) -> None:
        """Stores the number of the signal; this is the signal handler."""
        self.signal = number
        if number == signal.SIGINT:
            signal.signal(signal.SIGINT, signal.default_int_handler)


@contextlib.contextmanager
def interruptible() -> Iterator[Interrupts]:
    """Yields an object that receives SIGINT and SIGTERM; outside the main thread the handlers stay unchanged."""
    interrupts = Interrupts()
    if threading.current_thread() is not threading.main_thread():
        yield interrupts
        return
    before = {number: signal.signal(number, interrupts.ask) for number in SIGNALS}
    try:
        yield interrupts
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

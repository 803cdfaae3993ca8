"""Ctrl-C, and the SIGTERM of a machine that is taken away, during training."""

import contextlib
import signal
import threading
from collections.abc import Iterator

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupts:
    """Whether training has been asked to stop: the number of the signal that came, else 0.

    An exception raised inside TensorFlow's own calls can be swallowed there and the training go on; so the handler
    only takes note, and whoever trains looks here between batches. A second Ctrl-C raises at once.
    """

    def __init__(self):
        self.signal = 0

    def ask(self, number: int, *_: object) -> None:
        """Takes note; the signal handler."""
        self.signal = number
        if number == signal.SIGINT:
            signal.signal(signal.SIGINT, signal.default_int_handler)


@contextlib.contextmanager
def interruptible() -> Iterator[Interrupts]:
    """Hands the signals over to what it gives; outside the main thread it changes nothing."""
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

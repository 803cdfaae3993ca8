"""Ctrl-C during training."""

import contextlib
import signal
import threading
from collections.abc import Iterator

import keras


class StopAtNextBatch(keras.callbacks.Callback):
    """Raises `KeyboardInterrupt` after the batch in which Ctrl-C was pressed; a second Ctrl-C raises it at once.

    Raised from inside TensorFlow's own calls, the exception can be swallowed there and the training go on.
    """

    def __init__(self):
        super().__init__()
        self.asked = False

    def ask(self, *_) -> None:
        """The signal handler."""
        self.asked = True
        signal.signal(signal.SIGINT, signal.default_int_handler)

    def on_train_batch_end(self, batch, logs=None):
        if self.asked:
            raise KeyboardInterrupt

    on_test_batch_end = on_train_batch_end

    def on_epoch_end(self, epoch, logs=None):
        self.on_train_batch_end(None)


@contextlib.contextmanager
def interruptible() -> Iterator[StopAtNextBatch]:
    """Hands Ctrl-C over to the callback that it gives; outside the main thread it changes nothing."""
    callback = StopAtNextBatch()
    if threading.current_thread() is not threading.main_thread():
        yield callback
        return
    before = signal.signal(signal.SIGINT, callback.ask)
    try:
        yield callback
    finally:
        signal.signal(signal.SIGINT, before)

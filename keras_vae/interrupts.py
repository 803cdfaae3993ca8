"""A signal that asked the command line to stop, which long work heeds even if TensorFlow swallows its exception.

A signal handler raises `KeyboardInterrupt` wherever the main thread is. Within a call of TensorFlow the exception can
be lost, become another one, or be printed. The handler therefore calls `ask_to_stop`, which raises nothing within
`uninterrupted`, and loops over long work call `stop_if_asked` at each turn.
"""

import contextlib
import threading
from collections.abc import Iterator

_asked: list[int] = []
_uninterrupted: list[None] = []


def ask_to_stop(number: int) -> None:
    """Notes a signal, by its number, and raises `KeyboardInterrupt` unless the main thread is `uninterrupted`."""
    _asked.append(number)
    if not _uninterrupted:
        raise KeyboardInterrupt(number)


def asked_to_stop() -> int | None:
    """Returns the number of the first signal since the start or `forget`; None without one."""
    return _asked[0] if _asked else None


def stop_if_asked() -> None:
    """Raises `KeyboardInterrupt` with the number of the signal, if there was one."""
    if _asked:
        raise KeyboardInterrupt(_asked[0])


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """A context of short work, after which a signal takes effect. A second signal ends the work at once."""
    if threading.current_thread() is not threading.main_thread():  # signals do not reach it
        yield
        return
    _uninterrupted.append(None)
    try:
        yield
    finally:
        _uninterrupted.pop()
    stop_if_asked()


def forget() -> None:
    """Forgets all signals."""
    _asked.clear()

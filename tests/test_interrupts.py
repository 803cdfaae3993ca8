"""A signal ends long work, whatever becomes of the exception of its handler."""

import contextlib
import signal
import threading

import pytest

from keras_vae.cli.main import _ended_by_signals
from keras_vae.interrupts import asked_to_stop, uninterrupted
from keras_vae.progress import progress

pytestmark = pytest.mark.skipif(
    threading.current_thread() is not threading.main_thread(), reason="signals reach only the main thread"
)


@pytest.fixture(autouse=True)
def _as_in_a_terminal():
    """A shell ignores SIGINT in processes that it starts in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def swallowed():
    """As in TensorFlow: the exception of the handler is lost."""
    with contextlib.suppress(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


def test_an_exception_that_is_lost_is_raised_at_the_next_turn():
    turns = []
    with pytest.raises(KeyboardInterrupt), _ended_by_signals():
        for turn in progress(range(5), 5, "Working", verbose=0):
            turns.append(turn)
            swallowed()
    assert turns == [0] and asked_to_stop() is None


def test_work_that_is_not_interrupted_ends_first():
    done = []
    with pytest.raises(KeyboardInterrupt), _ended_by_signals(), uninterrupted():
        signal.raise_signal(signal.SIGINT)
        done.append("work")
    assert done


def test_a_second_signal_is_raised_at_once():
    with pytest.raises(KeyboardInterrupt), _ended_by_signals(), uninterrupted():
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        pytest.fail("not reached")


def test_another_exception_in_its_place_ends_the_command_without_a_traceback():
    for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
        with pytest.raises(SystemExit) as end, _ended_by_signals():
            try:
                signal.raise_signal(number)
            except KeyboardInterrupt:
                raise SystemError("returned a result with an exception set") from None
        assert end.value.code == code

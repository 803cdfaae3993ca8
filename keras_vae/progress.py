"""The progress of long work: a bar on a terminal, and lines elsewhere."""

import contextlib
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from typing import Any

from tqdm import tqdm

from keras_vae.durations import as_duration
from keras_vae.interrupts import stop_if_asked

PAUSE = 30.0
"""Seconds between two lines where stderr is no terminal."""


def progress(items: Iterable[Any], total: int | None, what: str, *, after: float = 2.0, verbose: int = 1) -> tqdm:
    """Iterates over `items`, and shows the progress and the time left on stderr.

    On a terminal this is a bar, which appears after `after` seconds. Elsewhere a line is printed every 30 seconds, and,
    after such lines, one at the end. After a signal it raises `KeyboardInterrupt`, see `keras_vae.interrupts`.

    Args:
        items: the items.
        total: number of items; None if it is not known.
        what: description of the work.
        after: number of seconds before the bar appears.
        verbose: 0 shows nothing.

    Example:

    >>> sum(progress([1, 2, 3], 3, "adding"))
    6
    """
    items = _until_asked_to_stop(items)
    if verbose and not sys.stderr.isatty():
        items = _with_lines(items, total, what)
    return tqdm(items, what, total, leave=False, delay=after, disable=None if verbose else True)


def _until_asked_to_stop(items: Iterable[Any]) -> Iterator[Any]:
    for item in items:
        stop_if_asked()
        yield item


def _with_lines(items: Iterable[Any], total: int | None, what: str) -> Iterator[Any]:
    start = printed = time.monotonic()
    for number, item in enumerate(items):
        now = time.monotonic()
        if number and now - printed >= PAUSE:
            left = "" if total is None else f" of {total}, {as_duration((now - start) * (total / number - 1))} left"
            print(f"{what}: {number}{left}", file=sys.stderr, flush=True)
            printed = now
        yield item
    if printed > start:
        print(f"{what}: done in {as_duration(time.monotonic() - start)}", file=sys.stderr, flush=True)


@contextlib.contextmanager
def step(what: str, *, after: float = 2.0) -> Iterator[None]:
    """Prints the name of work that shows no progress on stderr, if it takes more than `after` seconds.

    Example:

    >>> with step("Adding"):
    ...     print(1 + 2)
    3
    """
    timer = threading.Timer(after, lambda: print(f"{what} ...", file=sys.stderr, flush=True))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()

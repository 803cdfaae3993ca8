"""A progress bar, shown only when work is long."""

import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")


def progress(items: Iterable[T], total: int, what: str, *, after: float = 2.0) -> Iterator[T]:
    """Passes `items` on, and shows a bar on stderr once `after` seconds have gone by.

    Args:
        items: what is worked through.
        total: how many items there are.
        what: the work, for the bar.
        after: seconds of silence.

    Example:

    >>> sum(progress([1, 2, 3], 3, "adding"))
    6
    """
    from rich.console import Console
    from rich.progress import Progress

    started = time.monotonic()
    bar = Progress(console=Console(stderr=True), transient=True)
    try:
        task = bar.add_task(what, total=total)
        for item in items:
            yield item
            bar.advance(task)
            if bar.console.is_terminal and not bar.live.is_started and time.monotonic() - started > after:
                bar.start()
    finally:
        if bar.live.is_started:
            bar.stop()

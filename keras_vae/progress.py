"""A progress bar, shown only when work is long."""

from collections.abc import Iterable
from typing import Any

from tqdm import tqdm


def progress(items: Iterable[Any], total: int | None, what: str, *, after: float = 2.0, verbose: int = 1) -> tqdm:
    """Passes `items` on, and shows a bar on stderr, if that is a terminal, once `after` seconds have gone by.

    Args:
        items: what is worked through.
        total: how many items there are; None if that is not known.
        what: the work, for the bar.
        after: seconds of silence.
        verbose: 0 shows nothing.

    Example:

    >>> sum(progress([1, 2, 3], 3, "adding"))
    6
    """
    return tqdm(items, what, total, leave=False, delay=after, disable=None if verbose else True)

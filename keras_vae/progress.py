"""A progress bar for long work."""

from collections.abc import Iterable
from typing import Any

from tqdm import tqdm


def progress(items: Iterable[Any], total: int | None, what: str, *, after: float = 2.0, verbose: int = 1) -> tqdm:
    """Iterates over `items`, and shows a bar after `after` seconds if stderr is a terminal.

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
    return tqdm(items, what, total, leave=False, delay=after, disable=None if verbose else True)

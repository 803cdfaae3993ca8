"""A progress bar, shown only when work is long."""

from collections.abc import Iterable
from typing import Any

from tqdm import tqdm


def progress(items: Iterable[Any], total: int | None, what: str, *, after: float = 2.0, verbose: int = 1) -> tqdm:
    """Iterates over `items`, with a bar on stderr after `after` seconds if that is a terminal.

    Args:
        items: the items.
        total: how many items there are; None if that is not known.
        what: the work, for the bar.
        after: seconds before the bar appears.
        verbose: 0 shows nothing.

    Example:

    >>> sum(progress([1, 2, 3], 3, "adding"))
    6
    """
    return tqdm(items, what, total, leave=False, delay=after, disable=None if verbose else True)

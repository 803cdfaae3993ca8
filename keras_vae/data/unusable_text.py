"""What to do about a column of text that is neither numbers nor categories."""

import re
from collections.abc import Collection

DECIMAL_COMMA = re.compile(r"[+-]?\d[\d.]*,\d+([eE][+-]?\d+)?")
LEAVE_OUT = "convert it, or leave it out with ignore_columns (--ignore-columns)"
MOST_QUOTED = 3


def remedy_for(texts: Collection[str]) -> str:
    """Returns what to do about a column with too many different texts: it may be numbers with some texts among them.

    Args:
        texts: the different texts of the column, or many of them.

    Example:

    >>> remedy_for(["1.5", "2.5", "?"])
    "if '?' stands for a missing value, leave it empty; otherwise replace it by a number"
    >>> remedy_for(["1,5", "2,5"])
    'write the numbers with a decimal point instead of a comma'
    """
    others = sorted(text for text in texts if not reads_as_number(text))
    commas = [text for text in others if DECIMAL_COMMA.fullmatch(text)]
    if commas and len(commas) > len(others) / 2:
        return "write the numbers with a decimal point instead of a comma"
    if others and len(others) <= len(texts) / 2:
        quoted = ", ".join(repr(text[:40]) for text in others[:MOST_QUOTED])
        more = f" or one of {len(others) - MOST_QUOTED} others" if len(others) > MOST_QUOTED else ""
        return f"if {quoted}{more} stands for a missing value, leave it empty; otherwise replace it by a number"
    return LEAVE_OUT


def reads_as_number(text: str) -> bool:
    """Returns whether a text is a number in any language; Python also reads `1_000`."""
    try:
        float(text)
    except ValueError:
        return False
    return text.isascii() and "_" not in text

"""A number with its unit."""

from typing import NamedTuple


class Measurement(NamedTuple):
    """A number that an evaluation computes.

    Attributes:
        value: the number.
        unit: unit of the number, such as `"nats per example"`; may be empty.
        ideal: the value of a good model, in a few words.
        error: the standard error of the value; None if it is not estimated.

    Example:

    >>> Measurement(-23.4, "nats per example", error=0.2)
    Measurement(value=-23.4, unit='nats per example', ideal='', error=0.2)
    """

    value: float | int
    unit: str = ""
    ideal: str = ""
    error: float | None = None

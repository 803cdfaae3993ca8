"""A number with its unit."""

from typing import NamedTuple


class Measurement(NamedTuple):
    """A number that an evaluation computes.

    Attributes:
        value: the number.
        unit: such as `"nats per example"`; empty for a number without a unit.
        ideal: the value of a good model, in a few words.
        error: the standard error of the value; None where it is not estimated.
    """

    value: float | int
    unit: str = ""
    ideal: str = ""
    error: float | None = None

"""What an evaluation says: questions, the figures that answer them, and what these mean in words."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from matplotlib.figure import Figure


class Measure(NamedTuple):
    """One figure, with what one needs to read it.

    Attributes:
        value: the figure.
        unit: such as `"nats per example"`; empty for a plain number.
        good: what good looks like, in a few words.
        error: its standard error, where it is known.
    """

    value: float | int
    unit: str = ""
    good: str = ""
    error: float | None = None


@dataclass(frozen=True)
class Answer:
    """The answer to one question about a model.

    Attributes:
        question: in plain words.
        measures: the figures, by name.
        verdict: what they say, in plain sentences.
        notes: what was left out or could not be had, and why.
        pictures: caption -> figure, in the order in which one would look at them.
    """

    question: str
    measures: Mapping[str, Measure]
    verdict: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    pictures: Mapping[str, Figure] = field(default_factory=dict)

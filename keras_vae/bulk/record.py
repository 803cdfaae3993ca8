"""What goes in, and what comes of it: an answer, or a reason why there is none."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np


class Place(NamedTuple):
    """Where a record stands: its file or data set, and the row in it, from 0."""

    source: str
    row: int

    def __str__(self):
        return f"{self.source}#{self.row}"


@dataclass(frozen=True, slots=True)
class Record:
    """One example as it was read.

    Attributes:
        key: names it; the answer has the same one.
        place: where it was read.
        fields: input of the signature -> value.
    """

    key: str
    place: Place
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the model says of a record; `outputs` are those of the signature."""

    key: str
    place: Place
    outputs: Mapping[str, np.ndarray]


@dataclass(frozen=True, slots=True)
class Rejected:
    """A record that has no answer.

    Attributes:
        key: of the record; None if it has none.
        place: where it was read.
        kind: in two or three words, to be counted.
        reason: what was expected and what there was.
    """

    key: str | None
    place: Place
    kind: str
    reason: str

"""The records of bulk inference: as read, as answered by the model, or as rejected with a reason."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np


class Place(NamedTuple):
    """The position of a record: its file or data set, and its row, counted from 0."""

    source: str
    row: int

    def __str__(self) -> str:
        return f"{self.source}#{self.row}"


@dataclass(frozen=True, slots=True)
class Record:
    """One example as read from its source.

    Attributes:
        key: identifies the record; its answer has the same key.
        place: position in the source.
        fields: input of the signature -> value.
    """

    key: str
    place: Place
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class AnsweredRecord:
    """The outputs of the model for one record.

    Attributes:
        key: key of the record.
        place: position of the record in the source.
        outputs: output of the signature -> value.
    """

    key: str
    place: Place
    outputs: Mapping[str, np.ndarray]


@dataclass(frozen=True, slots=True)
class RejectedRecord:
    """A record without an answer.

    Attributes:
        key: key of the record, or None if the record has no key.
        place: position of the record in the source.
        kind: kind of fault in two or three words; the summary counts the records of each kind.
        reason: what was expected and what the record contains.
    """

    key: str | None
    place: Place
    kind: str
    reason: str

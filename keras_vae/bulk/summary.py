"""The summary of a job: the number of records read, answered and rejected."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from keras_vae.text import counted

ANSWERS, DEAD_LETTERS, SUMMARY = "answers", "dead_letters", "summary.json"
"""The names of the files and folders in an output folder."""

REPORT = ("strangest.csv", "strangest.png")
"""The names of the files that `keras-vae anomalies` adds."""


@dataclass(frozen=True)
class Summary:
    """The counts of a job.

    Attributes:
        read: number of records read from the source.
        answered: number of records with an answer.
        rejected: kind of fault -> number of records in the dead letters.

    Example:

    >>> total = Summary(10, 8, {"wrong shape": 2}) + Summary(5, 5, {})
    >>> total.answered, total.balanced
    (13, True)
    """

    read: int
    answered: int
    rejected: Mapping[str, int]

    def __add__(self, other: "Summary") -> "Summary":
        """Returns the counts of both."""
        kinds = {*self.rejected, *other.rejected}
        rejected = {kind: self.rejected.get(kind, 0) + other.rejected.get(kind, 0) for kind in sorted(kinds)}
        return Summary(self.read + other.read, self.answered + other.answered, rejected)

    @property
    def balanced(self) -> bool:
        """Whether the answered and the rejected records add up to the records read."""
        return self.read == self.answered + sum(self.rejected.values())

    def as_text(self) -> str:
        """Returns the counts as one line of text.

        Example:

        >>> print(Summary(10, 8, {"wrong shape": 2}).as_text())
        10 records: 8 answered, 2 rejected (wrong shape: 2)
        """
        kinds = ", ".join(f"{kind}: {count:,}" for kind, count in sorted(self.rejected.items()))
        rejected = f"{sum(self.rejected.values()):,} rejected" + (f" ({kinds})" if kinds else "")
        return f"{counted(self.read, 'record')}: {self.answered:,} answered, {rejected}"

    def as_json(self, about: Mapping[str, Any]) -> str:
        """Returns the counts and the description of the job as JSON."""
        counts = {"read": self.read, "answered": self.answered, "rejected": dict(sorted(self.rejected.items()))}
        return json.dumps({**counts, **about}, indent=2) + "\n"


def read_summary(folder: str) -> Summary:
    """Reads the summary of an output folder."""
    with tf.io.gfile.GFile(tf.io.gfile.join(folder, SUMMARY)) as file:
        content = json.load(file)
    return Summary(content["read"], content["answered"], content["rejected"])

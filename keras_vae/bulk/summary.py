"""How many records went in, and what became of them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

ANSWERS, DEAD_LETTERS, SUMMARY = "answers", "dead_letters", "summary.json"
"""What an output folder holds."""


@dataclass(frozen=True)
class Summary:
    """The counts of a run.

    Attributes:
        read: records that the source holds.
        answered: records with an answer.
        rejected: kind of fault -> records that went to the dead letters.
    """

    read: int
    answered: int
    rejected: Mapping[str, int]

    @property
    def balanced(self) -> bool:
        """Whether each record that was read was answered or rejected, and no other."""
        return self.read == self.answered + sum(self.rejected.values())

    def as_text(self) -> str:
        """The counts in words.

        Example:

        >>> print(Summary(10, 8, {"wrong shape": 2}).as_text())
        10 records: 8 answered, 2 rejected (wrong shape: 2)
        """
        kinds = ", ".join(f"{kind}: {count:,}" for kind, count in sorted(self.rejected.items()))
        rejected = f"{sum(self.rejected.values()):,} rejected" + (f" ({kinds})" if kinds else "")
        return f"{self.read:,} records: {self.answered:,} answered, {rejected}"

    def as_json(self, about: Mapping[str, Any]) -> str:
        """The counts as JSON, with what else is known of the run."""
        counts = {"read": self.read, "answered": self.answered, "rejected": dict(sorted(self.rejected.items()))}
        return json.dumps({**counts, **about}, indent=2) + "\n"


def read_summary(folder: str) -> Summary:
    """The summary in an output folder."""
    with tf.io.gfile.GFile(tf.io.gfile.join(folder, SUMMARY)) as file:
        content = json.load(file)
    return Summary(content["read"], content["answered"], content["rejected"])

"""A source of records, split into units of work that read their own records."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from keras_vae.bulk.record import Place, Record, RejectedRecord
from keras_vae.errors import one_line

ROWS_PER_UNIT = 4096  # rows of a unit, or of one read from a larger unit


class Unit(Protocol):
    """A part of a source that one worker reads. Units must support pickle, to reach the workers."""

    @property
    def rows(self) -> int | None:
        """The number of records, or None if it is unknown before they are read."""
        ...

    def records(self) -> Iterator[Record | RejectedRecord]:
        """Yields the records of the unit; each call yields the same records in the same order."""
        ...


@dataclass(frozen=True)
class Source:
    """The records of a job.

    Attributes:
        name: name of the source, for messages and the summary.
        units: the units, in the order of the data.
        of_files: whether the records are image files; otherwise they are arrays.
        has_own_keys: whether the keys come from the user's data and may repeat; otherwise the place of a record is its
            key.
        names: input of the model -> the column or feature that it is read from, or the columns of its values, for
            messages.
    """

    name: str
    units: tuple[Unit, ...]
    of_files: bool = False
    has_own_keys: bool = False
    names: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)

    @property
    def rows(self) -> int | None:
        """The number of records, or None if it is unknown before the records are read."""
        counts = [unit.rows for unit in self.units if unit.rows is not None]
        return sum(counts) if len(counts) == len(self.units) else None


INPUTS = ("x", "image_bytes", "condition")


@dataclass(frozen=True)
class Tables:
    """Files whose records have named fields: columns of Parquet or features of TFRecord.

    Attributes:
        name: name of the source, for messages and the summary.
        files: path and name of each file.
        fields: input of the model -> field, for the inputs whose names differ.
        key: field with the keys. None derives the keys from file and row.
    """

    name: str
    files: Sequence[tuple[str, str]]
    fields: Mapping[str, str]
    key: str | None

    @property
    def inputs(self) -> dict[str, str]:
        """The mapping input of the model -> field."""
        return {name: self.fields.get(name, name) for name in INPUTS}


def with_key(fields: Mapping[str, str], key: str | None) -> dict[str, str]:
    """Adds the key, under its own name, to the fields that are read from each record."""
    return {**fields, **({key: key} if key else {})}


def make_record(place: Place, fields: Mapping[str, Any], key_field: str | None) -> Record | RejectedRecord:
    """Returns a record whose key is the value of `key_field`, or its place if `key_field` is None."""
    if key_field is None:
        return Record(str(place), place, fields)
    key = fields.get(key_field)
    if key is None or key in ("", b""):
        return RejectedRecord(
            None, place, "missing key", f"{one_line(key_field)}: expected a key; the record has none."
        )
    return Record(key.decode(errors="backslashreplace") if isinstance(key, bytes) else str(key), place, fields)

"""What every source is: units of work, each of which reads its own records."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from keras_vae.bulk.record import Place, Record, Rejected

ROWS = 4096  # of a unit, or of what is read of one at a time


class Unit(Protocol):
    """A piece of a source that one worker reads; it travels there by pickle."""

    rows: int | None

    def records(self) -> Iterator[Record | Rejected]:
        """What the unit holds, in order; the same each time."""
        ...


@dataclass(frozen=True)
class Source:
    """What is to be asked about.

    Attributes:
        name: for people.
        units: in the order of their places.
        of_files: whether the records are image files, else numbers.
        has_own_keys: whether keys are the user's, so that one may come twice; else they are places.
    """

    name: str
    units: tuple[Unit, ...]
    of_files: bool = False
    has_own_keys: bool = False

    @property
    def rows(self) -> int | None:
        """How many records there are, if that is known before they are read."""
        known = [unit.rows for unit in self.units]
        return None if None in known else sum(known)


INPUTS = ("x", "image_bytes", "condition")


@dataclass(frozen=True)
class Tables:
    """Files whose records have named fields: columns of Parquet, features of TFRecord.

    Attributes:
        name: for people.
        files: path and name of each.
        fields: input of the model -> field, where they differ.
        key: field with the keys; None makes them from file and row.
    """

    name: str
    files: Sequence[tuple[str, str]]
    fields: Mapping[str, str]
    key: str | None

    @property
    def inputs(self) -> dict[str, str]:
        """Input of the model -> field."""
        return {name: self.fields.get(name, name) for name in INPUTS}


def with_key(fields: Mapping[str, str], key: str | None) -> dict[str, str]:
    """What is read of each record, name -> field: the inputs, and the key by its own name."""
    return {**fields, **({key: key} if key else {})}


def make_record(place: Place, fields: Mapping[str, Any], key_field: str | None) -> Record | Rejected:
    """A record whose key is one of its fields, or its place."""
    if key_field is None:
        return Record(str(place), place, fields)
    key = fields.get(key_field)
    if key is None or key in ("", b""):
        return Rejected(None, place, "missing key", f"{key_field}: expected a key; got none.")
    return Record(key.decode(errors="backslashreplace") if isinstance(key, bytes) else str(key), place, fields)

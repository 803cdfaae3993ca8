"""A line of the report."""

from typing import Literal, NamedTuple


class Finding(NamedTuple):
    """A line of the report.

    Attributes:
        section: title of the section.
        name: what it is about.
        text: what was found.
        state: `"ok"`; `"note"` if something optional is missing or may cause problems; `"broken"` if keras_vae needs
            it and it does not work.
    """

    section: str
    name: str
    text: str
    state: Literal["ok", "note", "broken"] = "ok"

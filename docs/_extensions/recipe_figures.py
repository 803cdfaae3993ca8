"""The figures of recipes in tables of the documentation, which scripts have written there."""

import re
from collections.abc import Sequence
from pathlib import Path

from sphinx.errors import ExtensionError

DOCS = Path(__file__).parents[1]
MISSING = "\N{EN DASH}"


def table(page: str, name: str) -> tuple[list[str], dict[str, list[str]]]:
    """The header of a table between its markers in a page, and its rows by their first cell."""
    header, rows = _cells(page, name)
    return header, {row[0].strip("`"): row for row in rows}


def cell(page: str, name: str, row: Sequence[str], column: str) -> str | None:
    """A cell of a table, by the first cells of its row and the title of its column; None if the table is empty."""
    header, rows = _cells(page, name)
    if not header:
        return None
    found = [each for each in rows if each[: len(row)] == list(row)]
    if len(found) != 1 or column not in header:
        raise ExtensionError(
            f"docs/{page}: table {name}: expected one row that starts with {list(row)} and a column {column!r}; "
            f"got {len(found)} such rows, and the columns {header}."
        )
    return found[0][header.index(column)]


def _cells(page: str, name: str) -> tuple[list[str], list[list[str]]]:
    text = (DOCS / page).read_text()
    found = re.search(rf"<!-- {name} table -->(.*)<!-- end of {name} table -->", text, re.DOTALL)
    if not found:
        raise ExtensionError(f"docs/{page}: expected the markers of the table {name}.")
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in found[1].strip().splitlines()]
    return (lines[0], lines[2:]) if lines else ([], [])


def on_digits() -> tuple[list[str], dict[str, list[str]]]:
    """The columns of the table of docs/zoo.md that contain figures, and those of each recipe."""
    header, rows = table("zoo.md", "zoo")
    return header[2:], {name: row[2:] for name, row in rows.items()}

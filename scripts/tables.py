"""Tables of results in the documentation, each between its markers."""

from collections.abc import Mapping, Sequence
from pathlib import Path

DOCS = Path(__file__).parents[1] / "docs"


def _around(page: str, name: str) -> tuple[str, str, str]:
    """What is before a table with its first marker, the table, and what is after it."""
    start, end = f"<!-- {name} table -->", f"<!-- end of {name} table -->"
    before, rest = (DOCS / page).read_text().split(start)
    table, after = rest.split(end)
    return before + start, table, end + after


def write_table(page: str, name: str, table: str) -> None:
    """Writes a table between its markers in a page of the documentation."""
    before, _, after = _around(page, name)
    (DOCS / page).write_text(f"{before}\n\n{table}\n{after}")


def write_rows(page: str, name: str, header: Sequence[str], rows: Mapping[str, Sequence[str]]) -> None:
    """Writes rows of a table, by their first cell. Its other rows remain if they have as many cells."""
    _, table, _ = _around(page, name)
    old = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.strip().splitlines()[2:]]
    kept = {first: others for first, *others in old if len(others) == len(header) - 1}
    lines = [header, ["---"] + ["---:"] * (len(header) - 1)]
    lines += [[first, *others] for first, others in {**kept, **rows}.items()]
    write_table(page, name, "".join(f"| {' | '.join(line)} |\n" for line in lines))

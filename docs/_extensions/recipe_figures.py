"""The figures of recipes in tables of the documentation, which scripts have written there."""

import re
import tomllib
from pathlib import Path

DOCS = Path(__file__).parents[1]
EXPERIMENTS = DOCS.parent / "scripts" / "experiments.toml"
MISSING = "\N{EN DASH}"
SAME_LOSS = {"stl_vae": "vae", "dreg_iwae": "iwae"}
"""Recipe -> the recipe with the same loss, and a gradient of more noise, for which the result was published."""


def table(page: str, name: str) -> tuple[list[str], dict[str, list[str]]]:
    """The header of a table between its markers in a page, and its rows by their first cell."""
    text = (DOCS / page).read_text()
    found = re.search(rf"<!-- {name} table -->(.*)<!-- end of {name} table -->", text, re.DOTALL)
    assert found, f"docs/{page}: expected the markers of the table {name}"
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in found[1].strip().splitlines()]
    return rows[0], {row[0].strip("`"): row for row in rows[2:]}


def on_digits() -> tuple[list[str], dict[str, list[str]]]:
    """The columns of the table of docs/zoo.md that contain figures, and those of each recipe."""
    header, rows = table("zoo.md", "zoo")
    return header[2:], {name: row[2:] for name, row in rows.items()}


def published() -> dict[str, list[str]]:
    """For each recipe, sentences about the published results that `scripts/reproduce` has obtained again."""
    header, rows = table("measurements.md", "reproduced")
    sentences: dict[str, list[str]] = {}
    for experiment in tomllib.loads(EXPERIMENTS.read_text()).values():
        row = rows.get(experiment.get("title"))
        if row is None or row[header.index("Obtained")] == MISSING:
            continue
        obtained, paper = row[header.index("Obtained")], row[header.index("Published")]
        model, figures = experiment["config"]["model"], f"{experiment['title']}; {header[0]}: {obtained}"
        end = f"Published: {paper}. See [Published results](../measurements.md#published-results)."
        sentences.setdefault(model, []).append(f"{figures}. {end}")
        if model in SAME_LOSS:
            sentences.setdefault(SAME_LOSS[model], []).append(f"{figures}, with the gradient of `{model}`. {end}")
    return sentences

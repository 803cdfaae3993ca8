"""Published results of recipes beside those of this library, from `published.toml` and `scripts/experiments.toml`."""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from recipe_figures import DOCS, MISSING, cell, table

COMPARISONS = Path(__file__).with_name("published.toml")
EXPERIMENTS = DOCS.parent / "scripts" / "experiments.toml"
SAME_LOSS = {"stl_vae": "vae", "dreg_iwae": "iwae"}
"""Recipe -> the recipe with the same loss, and a gradient of more noise, for which the result was published."""


def published_results() -> dict[str, list[str]]:
    """For each recipe, a text for each published result: what was measured, the published value, and ours."""
    texts: dict[str, list[str]] = {}
    for model, text in (*_experiments(), *_comparisons()):
        texts.setdefault(model, []).append(text)
    return texts


def _experiments() -> Iterator[tuple[str, str]]:
    """The experiments of `scripts/reproduce`, with the rows that it has written."""
    header, rows = table("measurements.md", "reproduced")
    obtained, published, difference = (header.index(name) for name in ("Obtained", "Published", "Difference"))
    for name, experiment in tomllib.loads(EXPERIMENTS.read_text()).items():
        if (title := experiment.get("title")) not in rows:
            continue
        row, model = rows[title], experiment["config"]["model"]
        start = f"{header[0]}; {title}. Published: {row[published]}. Here: "
        end = f"difference {row[difference]}. See [Published results](../measurements.md#published-results)."
        for shown, gradient in ((model, ""), (SAME_LOSS.get(model), f", with the gradient of `{model}`")):
            if shown and row[obtained] == MISSING:
                yield shown, f"{start}not measured. `scripts/reproduce {name}` measures it."
            elif shown:
                yield shown, f"{start}{row[obtained]}{gradient}; {end}"


def comparisons() -> dict[str, dict[str, Any]]:
    """The sections of `published.toml`."""
    return tomllib.loads(COMPARISONS.read_text())


def _comparisons() -> Iterator[tuple[str, str]]:
    for section in comparisons().values():
        for model in dict.fromkeys(result["model"] for result in section["results"]):
            yield model, _text(section, [result for result in section["results"] if result["model"] == model])


def _text(section: dict[str, Any], results: list[dict[str, Any]]) -> str:
    values = [_with(result["published"], result) for result in results]
    start = f"{section['task']}. Published: {', '.join(values)} ([{section['source']}]({section['url']})). Here:"
    cells = [cell(*section["table"], result["row"], result["column"]) for result in results if "table" in section]
    if not cells or None in cells or MISSING in cells:
        return f"{start} not measured. {section.get('instead') or _how(section['measure'], results[0])}"
    ours = [_with(result.get("as", "{}").format(found), result) for found, result in zip(cells, results, strict=True)]
    return f"{start} {', '.join(ours)}. {section['differs']}"


def _how(commands: list[str], result: dict[str, Any]) -> str:
    """How to measure a result: a script, or two commands with the default networks."""
    first, *second = [f"`{each}`" for each in commands_for(commands, result)]
    if not second:
        return f"{first} measures it."
    return f"Train it with {first}, and measure it with {second[0]}. The default networks are not those of the paper."


def commands_for(commands: list[str], result: dict[str, Any]) -> list[str]:
    """The commands that measure a result, with its model and options."""
    return [each.format(model=result["model"], options=result.get("options", "")).strip() for each in commands]


def _with(value: str, result: dict[str, Any]) -> str:
    return f"{value} with {result['with']}" if "with" in result else value

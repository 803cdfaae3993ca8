"""Writes a page for each family of recipes, from the registry, the docstrings and the texts in `families/`.

`families/FAMILY.md` is named as the module of the family. It contains the title, what the family is for, and for each
recipe a section `## NAME` with the formula of its objective.
"""

import inspect
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import recipe_figures
from api_pages import write
from published_results import published_results
from recipe_docs import example_of, linked, options_of, remarks_of, target
from sphinx.errors import ExtensionError

from keras_vae.zoo import RECIPES

TEXTS = Path(__file__).parent / "families"
OWN = "keras_vae.zoo."
FAMILIES = "FAMILIES"
"""The place of the list of families in `families/index.md`."""


class Family(NamedTuple):
    """A family of recipes, with what is written about it by hand.

    Attributes:
        name: name of its module.
        title: title of its page.
        summary: the first line of the docstring of the module.
        text: what the page says before the recipes.
        formulas: recipe -> the formula of its objective, and what its symbols mean.
    """

    name: str
    title: str
    summary: str
    text: str
    formulas: Mapping[str, str]


def families(texts: Path = TEXTS) -> list[Family]:
    """The families in the order of the registry.

    Raises:
        ExtensionError: if a family has no text, a text no family, or a recipe no formula, paper or text of an option.
    """
    members: dict[str, list[str]] = {}
    for name, recipe in RECIPES.items():
        if recipe.__module__.startswith(OWN):
            members.setdefault(recipe.__module__.removeprefix(OWN), []).append(name)
    files = {path.stem for path in texts.glob("*.md")}
    expected = {*members, "index"}
    if files != expected:
        raise ExtensionError(
            f"{texts}: expected a text NAME.md for each module of recipes, and index.md; "
            f"missing: {_listed(expected - files)}; without recipes: {_listed(files - expected)}."
        )
    return [_read(texts / f"{module}.md", names) for module, names in members.items()]


def _read(path: Path, names: list[str]) -> Family:
    text, *sections = re.split(r"^## ([a-z_0-9]+)\n", path.read_text(), flags=re.MULTILINE)
    title, _, text = text.partition("\n")
    formulas = dict(zip(sections[::2], sections[1::2], strict=True))
    if sections[::2] != names:
        raise ExtensionError(
            f"{path}: expected a section for each recipe of the family, in the order of the registry; "
            f"missing: {_listed(set(names) - set(formulas))}; of no such recipe: {_listed(set(formulas) - set(names))}."
        )
    for name, formula in formulas.items():
        if not re.search(r"^\$\$\n.+?\n\$\$$", formula, re.MULTILINE | re.DOTALL):
            raise ExtensionError(f"{path}: {name}: expected a formula between two lines of $$.")
        about = RECIPES[name].description
        if not (about.paper and about.url.startswith("https://")):
            raise ExtensionError(f"zoo.{name}: expected a paper with an address; got {about.paper!r}, {about.url!r}.")
        if silent := [option.name for option in options_of(RECIPES[name]) if not option.text]:
            raise ExtensionError(f"zoo.{name}: expected an entry in the docstring for {_listed(silent)}.")
    if not title.startswith("# ") or not text.strip():
        raise ExtensionError(f"{path}: expected a title and a text about the family before its recipes.")
    summary = (inspect.getdoc(sys.modules[OWN + path.stem]) or "").partition("\n")[0]
    return Family(path.stem, title.removeprefix("# "), summary, text.strip(), formulas)


def _listed(names) -> str:
    return ", ".join(sorted(names)) or "none"


def page(family: Family) -> str:
    """The page of a family."""
    columns, figures = recipe_figures.on_digits()
    published = published_results()
    parts = [f"# {family.title}", linked(family.text), _beside_each_other(family, columns, figures)]
    parts += [_section(name, formula, published.get(name, [])) for name, formula in family.formulas.items()]
    return "\n\n".join(part for part in parts if part) + "\n"


def _beside_each_other(family: Family, columns, figures) -> str:
    rows = {name: figures[name] for name in family.formulas if name in figures}
    if not rows:
        return ""
    lines = [f"| Model | {' | '.join(columns)} |", "|---|" + "---:|" * len(columns)]
    lines += [f"| [`{name}`](#{target(name)}) | {' | '.join(row)} |" for name, row in rows.items()]
    text = (
        "All models on the same small images of digits, with the same settings for all and nothing tuned, so that the "
        "table does not show which is best. Compare only models with the same likelihood. [The zoo](../zoo.md) says "
        "what the columns mean."
    )
    return "\n".join(["## On the digits", "", text, "", *lines])


def _section(name: str, formula: str, published: list[str]) -> str:
    recipe = RECIPES[name]
    about = recipe.description
    options = [f"- `{option.name}`, by default `{option.default}`: {option.text}" for option in options_of(recipe)]
    parts = [
        f"({target(name)})=\n## `{name}`",
        linked(about.summary),
        linked(formula.strip()),
        linked(remarks_of(recipe)),
        linked(
            "**Options**, besides those of every recipe, see `Parts`:" if options else "It has no options of its own."
        ),
        linked("\n".join(options)),
        f"**Example**\n\n```pycon\n{example_of(recipe)}```",
        _published(published),
        f"**Paper**: [{about.paper}]({about.url}). **Reference**: {{py:func}}`keras_vae.zoo.{name}`.",
    ]
    return "\n\n".join(part for part in parts if part)


def _published(results: list[str]) -> str:
    if not results:
        return "**Published results**: those of the paper were not compared."
    return linked("\n".join(["**Published results**", "", *(f"- {result}" for result in results)]))


def index(found: list[Family], texts: Path = TEXTS) -> str:
    """The page that lists the families."""
    text = (texts / "index.md").read_text()
    if text.count(f"\n{FAMILIES}\n") != 1:
        raise ExtensionError(f"{texts / 'index.md'}: expected one line {FAMILIES}, the place of the list of families.")
    lines = ["| Family | What it contains | Models |", "|---|---|---|"]
    for family in found:
        models = ", ".join(f"`{name}`" for name in family.formulas)
        lines.append(f"| [{family.title}]({family.name}.md) | {family.summary} | {models} |")
    tree = "\n".join(["```{toctree}", ":hidden:", "", *(family.name for family in found), "```"])
    return linked(text.replace(FAMILIES, "\n".join([*lines, "", tree])))


def write_pages(app) -> None:
    folder = Path(app.srcdir) / "models"
    folder.mkdir(exist_ok=True)
    found = families()
    for family in found:
        write(folder / f"{family.name}.md", page(family))
    write(folder / "index.md", index(found))


def setup(app):
    app.connect("builder-inited", write_pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

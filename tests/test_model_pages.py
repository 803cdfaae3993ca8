"""The pages about the families of recipes say what they should, and say what is missing if they cannot."""

import ast
import builtins
import doctest
import re
import shutil

import model_pages
import pytest
import recipe_figures
from mathml import shown
from published_results import commands_for, comparisons
from recipe_docs import example_of, linked, options_of
from sphinx.errors import ExtensionError
from typer.main import get_command

from keras_vae.cli.main import app
from keras_vae.zoo import RECIPES
from tests.pages import parse

OWN = {name: recipe for name, recipe in RECIPES.items() if recipe.__module__.startswith(model_pages.OWN)}
FAMILIES = model_pages.families()
PAGES = {family.name: model_pages.page(family) for family in FAMILIES}
INDEX = model_pages.index(FAMILIES)


def section(name):
    (found,) = (page for page in PAGES.values() if f"(model-{name})=" in page)
    return found.partition(f"(model-{name})=")[2].partition("\n(model-")[0]


def test_a_recipe_is_on_one_page_with_its_formula_options_and_paper():
    for name, recipe in OWN.items():
        text, about = section(name), recipe.description
        assert "$$" in text and f"[{about.paper}]({about.url})" in text and f"{{py:func}}`keras_vae.zoo.{name}`" in text
        assert all(f"- `{option.name}`, by default" in text for option in options_of(recipe)), name


def test_every_formula_can_be_shown():
    for page in (*PAGES.values(), INDEX):
        for block, inline in re.findall(r"\$\$(.*?)\$\$|(?<!\$)\$([^$\n]+)\$(?!\$)", page, re.DOTALL):
            shown(block, "block") if block else shown(inline)


@pytest.mark.parametrize("formula", [r"\unheard{x}", r"\begin{aligned} a &= b \\ c &= d \end{aligned}"])
def test_a_formula_that_would_be_shown_wrong_is_refused(formula):
    with pytest.raises(ValueError, match="can convert, it leaves"):
        shown(formula)


def test_limits_of_sums_are_above_and_below_and_functions_have_a_space():
    formula = shown(r"\left[ \log \sum_{i=1}^{k} w_i + \log(x) \right]", "block")
    assert "<munderover>" in formula and "<msubsup>" not in formula
    assert formula.count("<mspace") == 1
    assert "<msubsup>" in shown(r"\left[ \sum_{i=1}^{k} w_i \right]")


def test_every_recipe_and_family_is_in_the_index():
    for family in FAMILIES:
        assert f"[{family.title}]({family.name}.md)" in INDEX and f"\n{family.name}\n" in INDEX
    assert {*re.findall(r"\(#model-(\w+)\)", INDEX)} == {*OWN}


def test_the_texts_name_recipes_that_there_are():
    for page in (*PAGES.values(), INDEX):
        assert {*re.findall(r"`(\w+_v?ae)`", page)} <= {*RECIPES}


def test_an_example_says_where_its_names_are_from():
    for name, recipe in OWN.items():
        sources = [example.source for example in doctest.DocTestParser().get_examples(example_of(recipe))]
        tree = ast.parse("".join(sources))
        names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
        imported = {alias.asname for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
        known = {*imported, *(node.id for node in names if isinstance(node.ctx, ast.Store)), *dir(builtins)}
        assert {node.id for node in names} <= known, name


def test_figures_are_those_of_the_tables():
    header, rows = recipe_figures.table("zoo.md", "zoo")
    assert f"| [`iwae`](#model-iwae) | {' | '.join(rows['iwae'][2:])} |" in PAGES["bounds"]
    assert f"| Model | {' | '.join(header[2:])} |" in PAGES["bounds"]
    _, rows = recipe_figures.table("measurements.md", "reproduced")
    _, obtained, published, *_ = rows["IWAE, k = 5, from the weights of k = 1"]
    assert f"Published: {published}. Here: {obtained}; " in section("dreg_iwae")
    assert f"Published: {published}. Here: {obtained}, with the gradient of `dreg_iwae`; " in plain(section("iwae"))
    _, rows = recipe_figures.table("studies.md", "samples-mnist")
    normal, mixture = rows["rae_l2"][-2:]
    assert f"Here: {normal} with one normal as prior, {mixture} with a mixture of 10." in section("rae_l2")
    assert "those of the paper were not compared" in section("factor_vae")


def plain(text):
    """Text without the links of names."""
    return re.sub(r"\[(`\w+`)\]\(#model-\w+\)", r"\1", text)


def test_published_results_are_of_recipes_and_the_commands_that_measure_them_exist():
    for name, comparison in comparisons().items():
        assert comparison["url"].startswith("https://") and comparison["checked"], name
        for result in comparison["results"]:
            assert result["model"] in RECIPES, name
            for line in commands_for(comparison.get("measure", []), result):
                if line.startswith("keras-vae"):
                    parse(line, get_command(app).commands)
                else:
                    assert (recipe_figures.DOCS.parent / line.partition(" ")[0]).exists(), line
                options = re.findall(r"--set (\w+)=", line)
                assert {*options} <= {option.name for option in options_of(RECIPES[result["model"]])}, line


def test_a_cell_that_a_table_does_not_have_is_refused():
    assert recipe_figures.cell("zoo.md", "zoo", ["`vae`"], "Paper") == "Kingma & Welling, 2014"
    for row, column in ((["`vea`"], "Paper"), (["`vae`"], "paper")):
        with pytest.raises(ExtensionError, match="table zoo: expected one row"):
            recipe_figures.cell("zoo.md", "zoo", row, column)


def test_names_become_links_outside_of_code():
    text = "`vae` and `KL`, see https://arxiv.org/abs/1312.6114.\n\n```python\n`vae`\n```\n"
    assert linked(text) == (
        "[`vae`](#model-vae) and {py:obj}`KL <keras_vae.KL>`, see <https://arxiv.org/abs/1312.6114>.\n\n"
        "```python\n`vae`\n```\n"
    )


def test_only_an_argument_with_a_meaning_of_its_own_is_an_option():
    assert [option.name for option in options_of(RECIPES["vae"])] == ["free_bits", "warmup_steps"]
    assert [option.name for option in options_of(RECIPES["fsq_vae"])] == ["latent_dim", "sizes"]


DAMAGES = {
    "no text": (lambda folder: (folder / "labels.md").unlink(), "missing: labels; without recipes: none"),
    "no family": (lambda folder: (folder / "more.md").write_text("# More\n"), "missing: none; without recipes: more"),
    "no section": (lambda folder: change(folder, "## vae\n", ""), "missing: vae; of no such recipe: none"),
    "no recipe": (lambda folder: change(folder, "## vae\n", "## vea\n"), "missing: vae; of no such recipe: vea"),
    "no formula": (lambda folder: change(folder, "$$", "", of=4), "vae: expected a formula"),
    "no title": (lambda folder: change(folder, "# ", "", of=1), "expected a title and a text"),
}


def change(folder, old, new, of=1):
    file = folder / "variational.md"
    file.write_text(file.read_text().replace(old, new, of))


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_page_that_cannot_be_written_says_what_is_missing(damage, tmp_path):
    do, message = DAMAGES[damage]
    folder = shutil.copytree(model_pages.TEXTS, tmp_path / "families")
    do(folder)
    with pytest.raises(ExtensionError, match=message):
        model_pages.families(folder)

"""Every example in the documentation runs."""

import contextlib
import doctest
import importlib
import pkgutil
import re
import shlex
import subprocess

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp
from typer.main import get_command

import keras_vae
from keras_vae.cli.main import app
from keras_vae.cli.usage_errors import UsageError
from tests.pages import DOCS, GENERATED, PAGES, ROOT, RUN, blocks, commands, in_short, parse

MODULES = [module.name for module in pkgutil.walk_packages(keras_vae.__path__, "keras_vae.")]
PYTHON_WITH_OUTPUT = r"```python\n(.*?)```\n(?:\n```text\n(.*?)```)?"
DECIMAL = re.compile(r"[-+]?\d+\.\d*(?:e[-+]?\d+)?")
EXAMPLES_IN = {"kv": keras_vae, "np": np, "tf": tf, "tfd": tfp.distributions}


def names_for_examples():
    public = {name: getattr(keras_vae, name) for name in keras_vae.__all__}
    zoo = {name: getattr(keras_vae.zoo, name) for name in keras_vae.zoo.__all__}
    return {**public, **zoo, **EXAMPLES_IN}


def recipes_of(name):
    return [recipe for recipe in keras_vae.zoo.RECIPES.values() if recipe.__module__ == name]


def modules():
    """Every module; the examples of most recipes, which are alike, for the slow tests."""
    for name in MODULES:
        is_slow = recipes_of(name) and name != "keras_vae.zoo.variational"
        yield pytest.param(name, marks=[pytest.mark.slow] if is_slow else [])


@pytest.mark.parametrize("name", list(modules()))
def test_docstring_examples_run(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    module = importlib.import_module(name)
    names = {**names_for_examples(), **vars(module), "__name__": "examples"}  # the module of classes in examples
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    assert doctest.testmod(module, extraglobs=names, optionflags=flags).failed == 0
    runner = doctest.DocTestRunner(optionflags=flags)
    for recipe in recipes_of(name):  # which `testmod` passes over, as the decorator's function is of another module
        (examples,) = doctest.DocTestFinder().find(recipe, recipe.__name__, module, extraglobs=names)
        assert examples.examples and runner.run(examples).failed == 0


def python_on_the_pages():
    """The blocks with their output, which may follow a block."""
    pages = [page.read_text() for page in (ROOT / "README.md", *RUN) if page.name != "extending.md"]
    return [found for page in pages for found in re.findall(PYTHON_WITH_OUTPUT, page, re.DOTALL)]


def assert_printed(printed, shown):
    """Compares texts, in which decimals may differ by 10% or by a unit of the last digit, as between processors."""
    assert DECIMAL.sub("0", printed).split() == DECIMAL.sub("0", shown).split()
    for one, other in zip(DECIMAL.findall(printed), DECIMAL.findall(shown), strict=True):
        digits = other.partition(".")[2].partition("e")[0]
        assert float(one) == pytest.approx(float(other), rel=0.1, abs=0.1 ** max(1, len(digits)))


def test_wrong_output_is_found():
    assert_printed("nll 1.02 (3,)\n", "nll 1.0 (3,)")
    for shown in ("nll 1.5 (3,)", "kl 1.0 (3,)", "nll 1.0 (4,)"):
        with pytest.raises(AssertionError):
            assert_printed("nll 1.02 (3,)", shown)


def test_there_is_python_to_run():
    assert len(python_on_the_pages()) > 3


@pytest.mark.slow
@pytest.mark.parametrize(
    ("block", "output"), python_on_the_pages(), ids=lambda text: text.strip().partition("\n")[0][:40]
)
def test_python_on_the_pages_runs(block, output, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    exec(compile(block, "documentation", "exec"), {"__name__": "documentation"})
    printed = capsys.readouterr().out
    if output:
        assert_printed(printed, output)


HOW = {
    "python": "run here; those of extending.md by tests/test_extending.py",
    "sh": "run here, with little training; those of tutorials and of extending.md as those of `shell`",
    "bash": "run here on the front page, bulk.md and serving.md; others as those of `shell`",
    "shell": "run by tests/test_page_commands.py, which lists those that are not, and why; searches are run here",
    "text": "output, and commands for other machines",
    "py": "run or listed by tests/test_page_commands.py",
    "{code-cell}": "run by tests/test_site.py",
    "{code-block}": "listed by tests/test_page_commands.py, as they need another library",
}
"""What happens to the blocks of each language. The options of all commands are checked."""


def test_blocks_have_a_language_that_says_whether_they_run():
    for page in (ROOT / "README.md", *PAGES):
        found = re.findall(r"^ *```(\S*).*\n(?:.*\n)*?^ *```$", page.read_text(), re.MULTILINE)
        assert {*found} <= {*HOW, "{toctree}", "{glossary}", "{raw}", "{include}"}, page.name


def test_commands_on_the_pages_have_these_options():
    parsers, wrong = get_command(app).commands, {}
    for page in (ROOT / "README.md", *PAGES):
        for line, is_complete in commands(page):
            try:
                parse(line, parsers)
            except UsageError as error:
                if is_complete or type(error).__name__ not in ("MissingParameter", "BadOptionUsage"):
                    wrong[f"{page.name}: {line}"] = str(error)
    assert not wrong


@pytest.mark.slow
def test_commands_of_the_front_page_run(call, tmp_path):
    (block,) = (block for block in blocks("bash") if "runs/digits" in block)
    for line in in_short(block, "--no-report").splitlines():  # the next command makes a larger one
        call(line, *(["--quick"] if " evaluate " in line else []))
    made = ("evaluation.html", "samples.png", "traversal.png")
    for name in (*(f"runs/digits/{name}" for name in made), "saved_models/my_digits/1/saved_model.pb"):
        assert (tmp_path / name).exists(), name


@pytest.mark.slow
def test_the_way_to_a_service_runs(call, command, capsys, tmp_path):
    (block,) = (block for block in blocks("bash") if "keras-vae serve" in block)
    *lines, last = in_short(block, "--no-report").splitlines()
    assert last == "kill $!"
    with contextlib.ExitStack() as server:
        for line in lines:
            if line.endswith(" &"):
                process = server.enter_context(subprocess.Popen([command, *shlex.split(line[:-2])[1:]], cwd=tmp_path))
                server.callback(process.terminate)
            else:
                call(line)
    printed = capsys.readouterr().out
    assert "TensorFlow Serving can run it." in printed and "is_anomaly (5,)" in printed
    assert (tmp_path / "generated.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
def test_bulk_work_runs(call, tmp_path):
    (tmp_path / "saved_models").symlink_to(ROOT / "saved_models")
    (block,) = (block for block in blocks("bash") if "--runner" in block)
    for line in block.splitlines():
        call(line)
    for name in ("codes", "scores", "codes-by-beam"):
        assert (tmp_path / name / "summary.json").exists(), name


@pytest.mark.slow
@pytest.mark.parametrize(
    "line", [line for block in blocks("sh") for line in block.splitlines()], ids=lambda line: line[:40]
)
def test_training_commands_run_for_an_epoch(line, call):
    call(line, "--epochs", "1", "--limit", "256", "--data", "digits", "--no-report")


@pytest.mark.slow
@pytest.mark.parametrize(
    "line",
    [line for block in blocks("shell") for line in block.splitlines() if " tune " in line],
    ids=lambda line: line[:40],
)
def test_searches_run_for_an_epoch(line, call, short_reports, tmp_path):
    quick = ["--epochs", "1", "--limit", "96", "--max-trials", "2", "--set", "units=[8]", "--out", "search"]
    with short_reports():
        call(line, *quick)
    assert (tmp_path / "search" / "search.png").exists()


@pytest.mark.parametrize("page", [ROOT / "README.md", *PAGES], ids=lambda page: str(page.relative_to(ROOT)))
def test_pictures_and_files_that_a_page_shows_are_there(page):
    for link in re.findall(r"\]\(([^)]+)\)", page.read_text()):
        path, _, heading = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if "://" in link or (target.is_relative_to(DOCS) and target.relative_to(DOCS).parts[0] in GENERATED):
            continue
        assert target.exists(), link
        if heading:
            headings = re.findall(r"^#+ (.*)$", target.read_text(), re.MULTILINE)
            assert heading in [re.sub(r"[^\w -]", "", name).lower().replace(" ", "-") for name in headings], link


def entries_of(page):
    """The pages in the tables of contents of a page of the site."""
    for toctree in re.findall(r"^```{toctree}\n(.*?)^```", page.read_text(), re.DOTALL | re.MULTILINE):
        for line in filter(None, toctree.splitlines()):
            if not line.startswith(":"):
                yield (page.parent / f"{line}.md").resolve()


def test_every_page_is_in_a_table_of_contents():
    entries = [entry for page in PAGES for entry in entries_of(page)]
    assert not {*PAGES} - {*entries, DOCS / "index.md"}
    assert len(entries) == len({*entries}), "a page is in two tables"


def test_the_front_page_is_short():
    assert len((ROOT / "README.md").read_text().splitlines()) <= 110

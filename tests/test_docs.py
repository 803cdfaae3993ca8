"""Every example in the documentation runs."""

import doctest
import importlib
import os
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp

import keras_vae

ROOT = Path(keras_vae.__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
MODULES = [module.name for module in pkgutil.walk_packages(keras_vae.__path__, "keras_vae.")]
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
    names = {**names_for_examples(), **vars(module)}
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    assert doctest.testmod(module, extraglobs=names, optionflags=flags).failed == 0
    runner = doctest.DocTestRunner(optionflags=flags)
    for recipe in recipes_of(name):  # which `testmod` passes over, as the decorator's function is of another module
        (examples,) = doctest.DocTestFinder().find(recipe, recipe.__name__, module, extraglobs=names)
        assert examples.examples and runner.run(examples).failed == 0


def blocks(language):
    """The blocks of a language on all pages but that of parts of one's own, which has tests of its own."""
    pages = [page.read_text() for page in PAGES if page.name != "extending.md"]
    return [block for page in pages for block in re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL)]


def test_there_is_python_to_run():
    assert len(blocks("python")) > 3


@pytest.mark.parametrize("block", blocks("python"), ids=lambda block: block.strip().splitlines()[0][:40])
def test_python_on_the_pages_runs(block, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    exec(compile(block, "documentation", "exec"), {"__name__": "documentation"})


def in_short(block):
    """The commands with little training, and with nothing else changed."""
    shorter, changed = re.subn(r"--epochs \d+", "--epochs 2 --limit 300 --no-jit-compile", block)
    assert changed
    return shorter


@pytest.mark.slow
def test_commands_of_the_front_page_run(tmp_path):
    (block,) = (block for block in blocks("bash") if "runs/digits" in block)
    run_block(in_short(block), tmp_path)
    for name in ("runs/digits/evaluation.html", "samples.png", "traversal.png", "saved_models/digits/1/saved_model.pb"):
        assert (tmp_path / name).exists(), name


@pytest.mark.slow
def test_the_way_to_a_service_runs(tmp_path):
    (block,) = (block for block in blocks("bash") if "keras-vae serve" in block)
    printed = run_block(in_short(block), tmp_path)
    assert "TensorFlow Serving can run it." in printed and "is_anomaly (5,)" in printed
    assert (tmp_path / "generated.png").read_bytes().startswith(b"\x89PNG")


def run_block(block, folder):
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    command = ["bash", "-e", "-c", block]
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PATH": path},
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        timeout=900,
    )
    return done.stdout


@pytest.mark.slow
def test_bulk_work_runs(tmp_path):
    (tmp_path / "saved_models").symlink_to(ROOT / "saved_models")
    (block,) = (block for block in blocks("bash") if "--runner" in block)
    run_block(block, tmp_path)
    for name in ("codes", "scores", "codes-by-beam"):
        assert (tmp_path / name / "summary.json").exists(), name


@pytest.mark.slow
@pytest.mark.parametrize(
    "line", [line for block in blocks("sh") for line in block.splitlines()], ids=lambda line: line[:40]
)
def test_training_commands_run_for_an_epoch(line, command, tmp_path):
    quick = ["--epochs", "1", "--limit", "256", "--data", "digits", "--no-report"]
    subprocess.run([command, *line.split()[1:], *quick], cwd=tmp_path, check=True)


@pytest.mark.slow
@pytest.mark.parametrize(
    "line",
    [line for block in blocks("shell") for line in block.splitlines() if " tune " in line],
    ids=lambda line: line[:40],
)
def test_searches_run_for_an_epoch(line, command, tmp_path):
    quick = ["--epochs", "1", "--limit", "96", "--max-trials", "2", "--set", "units=[8]", "--out", "search"]
    subprocess.run([command, *line.split()[1:], *quick], cwd=tmp_path, check=True)
    assert (tmp_path / "search" / "search.png").exists()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_pictures_and_files_that_a_page_shows_are_there(page):
    for link in re.findall(r"\]\(([^)]+)\)", page.read_text()):
        path, _, heading = link.partition("#")
        if "://" in link:
            continue
        target = page.parent / path if path else page
        assert target.exists(), link
        if heading:
            headings = re.findall(r"^#+ (.*)$", target.read_text(), re.MULTILINE)
            assert heading in [re.sub(r"[^\w -]", "", name).lower().replace(" ", "-") for name in headings], link


def test_every_page_is_linked_from_the_front_page():
    front = (ROOT / "README.md").read_text()
    assert len(front.splitlines()) <= 150
    for page in PAGES[1:]:
        assert f"(docs/{page.name})" in front, page.name

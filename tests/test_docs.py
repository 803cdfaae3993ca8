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

README = Path(keras_vae.__file__).parents[1] / "README.md"
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


@pytest.mark.parametrize("name", modules())
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
    return re.findall(rf"```{language}\n(.*?)```", README.read_text(), re.DOTALL)


def test_the_readme_has_python_to_run():
    assert blocks("python")


@pytest.mark.parametrize("block", blocks("python"), ids=lambda block: block.strip().splitlines()[0][:40])
def test_python_in_the_readme_runs(block, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    exec(compile(block, str(README), "exec"), {"__name__": "readme"})


def in_short(block):
    """The commands with little training, and with nothing else changed."""
    shorter, changed = re.subn(r"--epochs \d+", "--epochs 2 --limit 300 --no-jit-compile", block)
    assert changed
    return shorter


@pytest.mark.slow
def test_commands_in_the_readme_run(tmp_path):
    (block,) = (block for block in blocks("bash") if "runs/digits" in block)
    run_block(in_short(block), tmp_path)
    for name in ("runs/digits/evaluation.html", "samples.png", "traversal.png", "saved_models/digits/1/saved_model.pb"):
        assert (tmp_path / name).exists(), name


@pytest.mark.slow
def test_the_way_to_a_service_in_the_readme_runs(tmp_path):
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
def test_bulk_work_in_the_readme_runs(tmp_path):
    (tmp_path / "saved_models").symlink_to(README.parent / "saved_models")
    (block,) = (block for block in blocks("bash") if "--runner" in block)
    run_block(block, tmp_path)
    for name in ("codes", "scores", "codes-by-beam"):
        assert (tmp_path / name / "summary.json").exists(), name


@pytest.mark.slow
@pytest.mark.parametrize(
    "line", [line for block in blocks("sh") for line in block.splitlines()], ids=lambda line: line[:40]
)
def test_training_commands_in_the_readme_run_for_an_epoch(line, command, tmp_path):
    quick = ["--epochs", "1", "--limit", "256", "--data", "digits", "--no-report"]
    subprocess.run([command, *line.split()[1:], *quick], cwd=tmp_path, check=True)


@pytest.mark.slow
@pytest.mark.parametrize(
    "line",
    [line for block in blocks("shell") for line in block.splitlines() if " tune " in line],
    ids=lambda line: line[:40],
)
def test_searches_in_the_readme_run_for_an_epoch(line, command, tmp_path):
    quick = ["--epochs", "1", "--limit", "96", "--max-trials", "2", "--set", "units=[8]", "--out", "search"]
    subprocess.run([command, *line.split()[1:], *quick], cwd=tmp_path, check=True)
    assert (tmp_path / "search" / "search.png").exists()


def test_pictures_and_files_that_the_readme_shows_are_there():
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", README.read_text()) if "://" not in link]
    assert links
    for link in links:
        assert (README.parent / link).exists(), link

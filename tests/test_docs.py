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
    return {**public, **vars(keras_vae.zoo), **EXAMPLES_IN}


@pytest.mark.parametrize("name", MODULES)
def test_docstring_examples_run(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    module = importlib.import_module(name)
    names = {**names_for_examples(), **vars(module)}
    result = doctest.testmod(module, extraglobs=names, optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    assert result.failed == 0


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README.read_text(), re.DOTALL)


def test_the_readme_has_python_to_run():
    assert blocks("python")


@pytest.mark.parametrize("block", blocks("python"), ids=lambda block: block.strip().splitlines()[0][:40])
def test_python_in_the_readme_runs(block, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    exec(compile(block, str(README), "exec"), {"__name__": "readme"})


@pytest.mark.slow
@pytest.mark.parametrize("block", [b for b in blocks("bash") if b.startswith("keras-vae")], ids=["command line"])
def test_commands_in_the_readme_run(block, tmp_path):
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    subprocess.run(["bash", "-e", "-c", block], cwd=tmp_path, env={**os.environ, "PATH": path}, check=True)
    for name in ("runs/digits/report.html", "samples.png", "traversal.png", "saved_models/digits/1/saved_model.pb"):
        assert (tmp_path / name).exists(), name


@pytest.mark.slow
@pytest.mark.parametrize(
    "line", [line for block in blocks("sh") for line in block.splitlines()], ids=lambda line: line[:40]
)
def test_training_commands_in_the_readme_run_for_an_epoch(line, command, tmp_path):
    quick = ["--epochs", "1", "--limit", "256", "--data", "digits", "--likelihood-samples", "5"]
    subprocess.run([command, *line.split()[1:], *quick], cwd=tmp_path, check=True)


def test_pictures_and_files_that_the_readme_shows_are_there():
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", README.read_text()) if "://" not in link]
    assert links
    for link in links:
        assert (README.parent / link).exists(), link

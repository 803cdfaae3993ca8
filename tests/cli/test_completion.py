"""Completion in the shell."""

import os
import subprocess
import sys

import pytest

from keras_vae import zoo
from keras_vae.cli import completion
from keras_vae.data import names
from keras_vae.presets import list_presets


@pytest.mark.parametrize(
    ("complete", "expected"),
    [
        (completion.recipes, sorted(zoo.RECIPES)),
        (completion.data_sets, list(names())),
        (completion.presets, list(list_presets())),
    ],
)
def test_the_names_are_those_that_an_import_finds(complete, expected):
    assert complete("") == expected
    assert complete(expected[0]) == [name for name in expected if name.startswith(expected[0])]


def test_runs_are_found_here_and_in_the_folder_of_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for run in ("runs/a", "runs/b", "apart"):
        (tmp_path / run).mkdir(parents=True)
        (tmp_path / run / "config.json").touch()
    (tmp_path / "model.keras").touch()
    assert completion.runs("") == ["apart", "model.keras", "runs/a", "runs/b"]
    assert completion.runs("r") == completion.runs("runs/") == ["runs/a", "runs/b"]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("train --model vq", ["vq_vae"]),
        ("train --data fash", ["fashion_mnist"]),
        ("sample --preset vae_d", ["vae_digits"]),
        ("evaluate r", ["runs/a"]),
        ("client --model v", []),  # the name on a server
        ("tun", ["tune"]),
    ],
)
def test_the_options_and_arguments_of_commands_are_completed(cli, tmp_path, monkeypatch, line, expected):
    (tmp_path / "runs" / "a").mkdir(parents=True)
    (tmp_path / "runs" / "a" / "config.json").touch()
    monkeypatch.setenv("_KERAS_VAE_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", f"keras-vae {line}")
    monkeypatch.setenv("COMP_CWORD", str(len(line.split())))
    assert cli() == (0, "\n".join(expected) + "\n", "")


def test_completion_does_not_wait_for_tensorflow(command):
    variables = {"_KERAS_VAE_COMPLETE": "complete_zsh", "_TYPER_COMPLETE_ARGS": "keras-vae train --model vq"}
    done = subprocess.run(
        [sys.executable, "-X", "importtime", command],
        capture_output=True, text=True, timeout=60, env={**os.environ, **variables},
    )  # fmt: skip
    imported = {line.split("|")[-1].strip().split(".")[0] for line in done.stderr.splitlines()}
    assert "vq_vae" in done.stdout
    assert not imported & {"tensorflow", "keras", "numpy", "matplotlib", "sklearn"}

"""Modules of one's own, imported by the command line."""

import json
import sys

import keras
import numpy as np
import pytest

from keras_vae.cli.imports import import_modules
from keras_vae.training import Run
from tests.cli.refusals import assert_refused

PARTS = """
import keras

@keras.saving.register_keras_serializable("mine")
def squash(x):
    return keras.ops.tanh(x) / 2
"""


SQUASH = {"module": "builtins", "class_name": "function", "config": "mine>squash", "registered_name": "mine>squash"}


@pytest.fixture
def forget(monkeypatch):
    """Makes Python and Keras forget the modules of the test, as a new process does not know them."""
    monkeypatch.setattr(sys, "path", list(sys.path))

    def forget():
        keras.saving.get_custom_objects().pop("mine>squash", None)
        for name in ("my_parts", "raises", "exits", "needs"):
            sys.modules.pop(name, None)

    yield forget
    forget()


@pytest.mark.slow
@pytest.mark.usefixtures("tiny")
def test_a_run_with_parts_of_ones_own_needs_the_option_once(cli, forget, tmp_path):
    (tmp_path / "my_parts.py").write_text(PARTS)
    training = ["train", "--epochs", 1, "--limit", 64, "--set", "units=[4]", "--no-jit-compile", "--out", "run"]
    own = ["--set", f"activation={json.dumps(SQUASH)}", "--import", "my_parts"]
    code, _, err = cli(*training, *own)
    assert (code, err) == (0, "")
    run = Run(tmp_path / "run")
    assert run.config().imports == ["my_parts"]

    recorded = "Importing my_parts, as run/config.json says.\n"
    for again in (["sample", "run", "--out", "x.npy"], ["train", "--resume", "--out", "run"]):
        forget()
        code, _, err = cli(*again)
        assert (code, err) == (0, recorded)

    forget()
    sample = ["sample", "run/model.keras", "--out", "y.npy"]
    assert_refused(cli(*sample), r"run/model.keras: squash is not registered; .* give --import with it")
    assert cli(*sample, "--import", "my_parts")[0] == 0
    np.testing.assert_array_equal(np.load("x.npy"), np.load("y.npy"))

    forget()
    (tmp_path / "my_parts.py").rename(tmp_path / "moved.py")
    code, _, err = cli("sample", "run", "--out", "z.npy")
    assert code == 2 and err.startswith(
        f"{recorded}keras-vae: run/config.json: module my_parts: no module of this name"
    )
    assert cli("sample", "run", "--out", "z.npy", "--import", "moved")[0] == 0
    sys.modules.pop("moved")


BAD = {
    "missing": ("nowhere", "--import nowhere: no module of this name in "),
    "missing in a package": ("json.nowhere", "--import json.nowhere: no module of this name"),
    "a file": ("my_parts.py", "--import my_parts.py: expected the name of a module"),
    "a path": ("./my_parts", "--import ./my_parts: expected the name of a module"),
    "that raises": ("raises", r"--import raises: it cannot be imported \(ValueError: two lines\)"),
    "that exits": ("exits", r"--import exits: it cannot be imported \(SystemExit: 3\)"),
    "that needs another": (
        "needs",
        r"--import needs: it cannot be imported \(ModuleNotFoundError: No module .*'other_one'",
    ),
}


@pytest.mark.parametrize(("name", "message"), BAD.values(), ids=BAD)
def test_modules_that_cannot_be_imported(refused, forget, monkeypatch, tmp_path, name, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "raises.py").write_text("raise ValueError('two\\nlines')")
    (tmp_path / "exits.py").write_text("raise SystemExit(3)")
    (tmp_path / "needs.py").write_text("import other_one")
    with refused(message):
        import_modules([name])


def test_nothing_is_looked_for_in_the_current_folder_unless_asked(cli, forget, tmp_path):
    (tmp_path / "my_parts.py").write_text(PARTS)
    assert_refused(cli("train", "--model", "vea"), "did you mean 'vae'")
    assert str(tmp_path) not in sys.path
    assert_refused(cli("train", "--model", "nowhere:vae"), "--model nowhere: no module of this name")


@pytest.mark.parametrize("command", ["train", "tune", "evaluate", "compare", "export", "encode", "sample"])
def test_every_command_that_makes_or_loads_a_model_imports_first(cli, forget, command):
    runs = {"train": [], "tune": [], "compare": ["one", "two"]}.get(command, ["run.keras"])
    out = [] if command in ("evaluate", "export") else ["--out", "x.npz"]
    assert_refused(cli(command, *runs, *out, "--import", "nowhere"), "--import nowhere: no module")

"""Without the packages of an extra, what needs them says so in one line, and the rest works."""

import ast
from pathlib import Path

import numpy as np
import pytest

import keras_vae
from keras_vae import zoo
from keras_vae.cli.doctor.optional import PARTS
from keras_vae.serving.extra import SERVER
from tests.own_process import run_file

PACKAGE = Path(keras_vae.__file__).parent
OPTIONAL = {module.partition(".")[0] for part in PARTS.values() for module in part.modules}
WITHOUT_THEM = """
import sys

for name in {optional}:
    sys.modules[name] = None
import numpy as np

import keras_vae as kv
from keras_vae.cli.main import main
from keras_vae.explorer.save_page import save_page

model, x = kv.load_model("model.keras"), np.load("x.npy")


def error_of(call):
    try:
        call()
    except (kv.errors.InvalidInputError, SystemExit) as error:
        return error


def command(*arguments):
    sys.argv = ["keras-vae", *arguments]
    return error_of(main).code


print(error_of(lambda: kv.explore(model, x)))
print(error_of(lambda: kv.serving.server.LocalServer("saved_models")))
print(command("serve"), command("explore", "model.keras", "--data", "x.npy"))
save_page("page.html", model, x, live=False)
"""


def packages_at_the_top(path):
    """The optional packages that a file imports when it is imported itself."""
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [node.module] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
            yield from {name.partition(".")[0] for name in names if name} & OPTIONAL


def test_only_the_server_imports_optional_packages_at_once_and_all_of_them_are_checked():
    needing = {path.relative_to(PACKAGE): set(packages_at_the_top(path)) for path in PACKAGE.rglob("*.py")}
    needing = {path: names for path, names in needing.items() if names}
    assert all(path.parent == Path("serving/server") or path == Path("explorer/routes.py") for path in needing)
    assert set().union(*needing.values()) <= {name.partition(".")[0] for name in SERVER}


@pytest.mark.slow
def test_what_needs_a_server_says_so_and_a_static_page_needs_none(tmp_path):
    zoo.vae((8, 8, 1), 2, units=(4,), seed=0).save(tmp_path / "model.keras")
    np.save(tmp_path / "x.npy", np.random.default_rng(0).random((20, 8, 8, 1), "float32"))
    (tmp_path / "code.py").write_text(WITHOUT_THEM.format(optional=sorted(OPTIONAL)))
    line = "expected this package, but it is not installed; run: pip install 'keras_vae[serving]'"
    printed = run_file(tmp_path / "code.py").splitlines()
    errors = [each for each in printed if each.endswith(line)]
    assert len(errors) == 4 and "2 2" in printed, printed
    assert (tmp_path / "page.html").read_text().startswith("<!DOCTYPE html>")

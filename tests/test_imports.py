"""Imports go one way, and start-up stays fast."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import keras_vae

PACKAGE = Path(keras_vae.__file__).parent

ORDER = (
    ("version", "errors", "progress", "tfrecord"),
    ("locks",),
    ("files",),
    ("checks", "digest", "serialization", "random", "sublayers", "trace"),
    ("replicas",),
    ("distribute", "layers"),
    ("distributions",),
    ("priors",),
    ("networks",),
    ("objectives",),
    ("models",),
    ("zoo", "data", "plots"),
    ("evaluation", "serving"),
    ("bulk",),
    ("training",),
    ("tuning",),
    ("cli",),
)
"""From the ground up: a part may import itself and what stands before it."""

LEVEL = {part: level for level, parts in enumerate(ORDER) for part in parts}


def modules():
    return sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")


def part_of(path):
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported_parts(path):
    """The parts of keras_vae that a file imports anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        names = []
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names = (
                [f"{node.module}.{alias.name}" for alias in node.names] if node.module == "keras_vae" else [node.module]
            )
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        for name in names:
            first, _, rest = name.partition(".")
            if first == "keras_vae" and rest:
                yield rest.partition(".")[0]


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_go_one_way(path):
    own = part_of(path)
    for part in imported_parts(path):
        assert part == own or LEVEL[part] < LEVEL[own], f"{own} imports {part}"


def test_every_public_name_is_there():
    for name in keras_vae.__all__:
        assert getattr(keras_vae, name) is not None


HEAVY = {"apache_beam", "jinja2", "keras_tuner", "matplotlib", "PIL", "sklearn", "tensorflow_datasets"}


def loaded_by(code):
    """The top-level modules in memory after `code` has run."""
    code += "\nprint(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", f"import sys\n{code}"], capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split())


def test_importing_keras_vae_alone_loads_next_to_nothing():
    assert not loaded_by("import keras_vae") & (HEAVY | {"tensorflow", "keras", "numpy"})


@pytest.mark.slow
def test_importing_keras_vae_beside_keras_loads_the_models_and_no_more():
    loaded = loaded_by("import keras\nimport keras_vae\nassert 'keras_vae.models' in sys.modules")
    assert not (loaded & HEAVY) - loaded_by("import keras, tensorflow_probability")


def test_the_command_line_starts_without_tensorflow():
    assert not loaded_by("import keras_vae.cli.main") & (HEAVY | {"tensorflow", "keras", "numpy"})


LOAD = """
import sys
import keras, keras_vae
keras.saving.load_model(sys.argv[1])
"""


@pytest.mark.slow
def test_keras_loads_a_model_once_keras_vae_has_been_imported(tmp_path):
    keras_vae.zoo.vae((8, 8, 1), 2, units=(4,)).save(tmp_path / "model.keras")
    subprocess.run([sys.executable, "-c", LOAD, tmp_path / "model.keras"], check=True)

"""Imports go one way, and start-up stays fast."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import keras_vae

PACKAGE = Path(keras_vae.__file__).parent

ORDER = (
    ("version", "errors", "interrupts", "tfrecord"),
    ("durations", "locks", "text"),
    ("files", "progress"),
    ("checks", "digest", "random", "sublayers", "trace"),
    ("serialization", "widths"),
    ("pipeline_options", "replicas"),
    ("distribute", "layers"),
    ("optimizers",),
    ("distributions",),
    ("priors",),
    ("networks",),
    ("objectives",),
    ("models",),
    ("zoo", "data", "plots"),
    ("evaluation",),
    ("serving",),
    ("bulk", "explorer", "presets"),
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


OF_OTHERS = {"_asdict", "_exit", "_flatten_layers", "_replace"}
"""Private by their names alone, or of Keras and Python, which offer nothing else."""


def private_names(path):
    """The private names that a file defines, and those that it reads of an object other than `self`."""
    defined, read = set(), set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            defined.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            defined.add(node.id)
        elif isinstance(node, ast.Attribute):
            is_own = isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")
            if not is_own:
                read.add(node.attr)
            elif isinstance(node.ctx, ast.Store):
                defined.add(node.attr)
    return tuple({name for name in names if name[0] == "_" and name[-2:] != "__"} for names in (defined, read))


@pytest.mark.slow
def test_no_private_name_crosses_a_package():
    names = {path: private_names(path) for path in modules()}
    for path, (_, read) in names.items():
        defined = set().union(*(own for other, (own, _) in names.items() if part_of(other) == part_of(path)))
        assert read <= defined | OF_OTHERS, f"{path.relative_to(PACKAGE)} reads {read - defined - OF_OTHERS}"


def imported_modules(path):
    """The modules of keras_vae that a file imports when it is imported itself, as files."""
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("keras_vae"):
            for name in (node.module, *(f"{node.module}.{alias.name}" for alias in node.names)):
                file = PACKAGE.parent / (name.replace(".", "/") + ".py")
                if file.exists():
                    yield file


@pytest.mark.slow
def test_no_two_modules_import_each_other():
    imports = {path: set(imported_modules(path)) for path in modules()}

    def reached(path, seen):
        for other in imports.get(path, set()) - seen:
            seen.add(other)
            reached(other, seen)
        return seen

    for path in imports:
        assert path not in reached(path, set()), path.relative_to(PACKAGE)


def test_every_public_name_is_there():
    for name in keras_vae.__all__:
        assert getattr(keras_vae, name) is not None


HEAVY = {"apache_beam", "jinja2", "keras_tuner", "matplotlib", "PIL", "sklearn", "tensorflow_datasets"}


def loaded_by(code, beside=""):
    """The top-level modules that `code` adds to those of `beside`."""
    loaded = "{name.partition('.')[0] for name in sys.modules}"
    code = f"import sys\n{beside}\nbefore = {loaded}\n{code}\nprint(*{loaded} - before)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split())


def test_importing_keras_vae_alone_loads_next_to_nothing():
    assert not loaded_by("import keras_vae") & (HEAVY | {"tensorflow", "keras", "numpy"})


@pytest.mark.slow
def test_importing_keras_vae_beside_keras_loads_the_models_and_no_more():
    code = "import keras_vae\nassert 'keras_vae.models' in sys.modules"
    assert not loaded_by(code, beside="import keras, tensorflow_probability") & HEAVY


def test_the_command_line_starts_without_tensorflow():
    assert not loaded_by("import keras_vae.cli.main") & (HEAVY | {"tensorflow", "keras", "numpy"})


# With Keras before keras_vae, the models are there at once, as the test above says.
ORDERS = (
    "keras_vae, keras",
    "keras_vae, tensorflow, keras",
    "keras_vae.priors, keras",  # which the models import
    "keras_vae.trace, keras",  # which imports TensorFlow first
)


@pytest.mark.slow
@pytest.mark.parametrize("order", ORDERS)
def test_keras_loads_a_model_whatever_is_imported_first(order, tmp_path):
    keras_vae.zoo.vae((8, 8, 1), 2, units=(4,)).save(tmp_path / "model.keras")
    code = f"import {order}, sys\nfor load in (keras.saving, keras.models):\n load.load_model(sys.argv[1])"
    subprocess.run([sys.executable, "-c", code, tmp_path / "model.keras"], check=True)

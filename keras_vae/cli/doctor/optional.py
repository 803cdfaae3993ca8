"""The optional parts of keras_vae, which its extras install."""

import subprocess
import sys
from collections.abc import Iterator
from typing import NamedTuple

from keras_vae.cli.doctor.finding import Finding
from keras_vae.cli.doctor.requirements import PACKAGE, fault_of, requirements, version_of
from keras_vae.errors import one_line

SECTION = "Optional parts"
LIMIT = 120
"""Seconds after which the import of a part has failed."""


class Part(NamedTuple):
    """An optional part.

    Attributes:
        purpose: what it is for.
        modules: the modules that keras_vae imports.
    """

    purpose: str
    modules: tuple[str, ...]


PARTS = {
    "serving": Part(
        "explore without --static, serve, client, and the warm-up of exports",
        (
            "tensorflow_serving.apis", "grpc", "requests", "starlette", "tenacity", "uvicorn", "httptools", "orjson",
            "prometheus_client",
        ),
    ),
    "onnx": Part("export to .onnx files, and the decoder in the page of explore --static", ("onnx", "tf2onnx")),
    "beam": Part("batch inference with --runner", ("apache_beam",)),
    "umap": Part("UMAP maps in explore", ("umap",)),
    "mlflow": Part("train --log mlflow", ("mlflow",)),
    "wandb": Part("train --log wandb", ("wandb",)),
    "huggingface": Part("data and presets of the Hugging Face Hub", ("datasets", "huggingface_hub")),
    "tfds": Part("building data sets of TensorFlow Datasets", ("apache_beam", "mlcroissant")),
}  # fmt: skip
"""Name of an extra -> part."""


def optional_parts(*, with_imports: bool) -> Iterator[Finding]:
    """What is installed of the optional parts; with imports, whether it can be imported."""
    for name, part in PARTS.items():
        needed = requirements(PACKAGE, extra=name)
        if not needed:
            yield Finding(SECTION, name, f"unknown, since {PACKAGE} is not installed ({part.purpose})", "note")
            continue
        missing = [one.name for one in needed if version_of(one.name) is None]
        install = f"pip install '{PACKAGE}[{name}]'"
        if missing:
            some = "" if len(missing) == len(needed) else f" ({', '.join(missing)})"
            yield Finding(SECTION, name, f"not installed{some}; for {part.purpose}: {install}")
            continue
        faults = [f"{one.name} {fault}" for one in needed if (fault := fault_of(one))]
        if not faults and with_imports and (reason := broken_import(part.modules)):
            faults = [f"it cannot be imported ({reason}); for {part.purpose}: {install}"]
        if faults:
            yield Finding(SECTION, name, "; ".join(faults), "note")
        else:
            texts = (f"{one.name} {version_of(one.name)}" for one in needed)
            yield Finding(SECTION, name, f"{', '.join(texts)}; for {part.purpose}")


def broken_import(modules: tuple[str, ...]) -> str | None:
    """Returns why a new process cannot import the modules; None if it can. Such an import may crash the process.

    Example:

    >>> broken_import(("json",)) is None, broken_import(("json", "no_such_module"))
    (True, "ModuleNotFoundError: No module named 'no_such_module'")
    """
    command = [sys.executable, "-P", "-c", f"import {', '.join(modules)}"]
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=LIMIT)
    except subprocess.TimeoutExpired:
        return f"it takes more than {LIMIT} seconds"
    if done.returncode == 0:
        return None
    return one_line((done.stderr.strip().splitlines() or [ended(done.returncode)])[-1])


def ended(code: int) -> str:
    """Returns how a process ended: by an exit code or, if it is negative, by a signal."""
    return f"killed by signal {-code}" if code < 0 else f"exit code {code}"

"""Writes a page of the reference for each public package, with every public name."""

import importlib.util
import inspect
import pkgutil
import textwrap
from collections.abc import Mapping
from pathlib import Path

from docstrings import to_rst
from public import PACKAGES, PUBLIC_CLASSES
from sphinx.pycode import ModuleAnalyzer

import keras_vae

TITLES = {
    "models": "Models",
    "zoo": "Recipes",
    "distributions": "Posteriors and likelihoods",
    "priors": "Priors",
    "objectives": "Objectives and terms",
    "networks": "Networks",
    "layers": "Layers",
    "optimizers": "Optimizers",
    "data": "Data",
    "data.sprites": "Sprites",
    "training": "Training runs",
    "tuning": "Hyper-parameter search",
    "evaluation": "Evaluation",
    "plots": "Plots",
    "explorer": "The latent explorer",
    "presets": "Presets",
    "serving": "Serving",
    "serving.client": "The client",
    "serving.server": "The local server",
    "bulk": "Batch inference",
    "distribute": "Several devices",
}


def public_name(package, name):
    """The shortest public name: `keras_vae.KL`, and `keras_vae.evaluation.mig` where only the package has it."""
    return f"keras_vae.{name}" if name in keras_vae.__all__ else f"keras_vae.{package}.{name}"


def entry(full_name, value, documented):
    if inspect.isclass(value):
        bases = ", ".join(base.__name__ for base in value.__mro__[1:] if is_documented_elsewhere(base, value))
        lines = [f".. autoclass:: {full_name}", "   :members:", f"   :inherited-members: {bases}"]
        if any(base.__module__.startswith("keras.") or base in PUBLIC_CLASSES for base in value.__bases__):
            lines.append("   :show-inheritance:")
        return "\n".join(lines) + "\n"
    if callable(value):
        return f".. autofunction:: {full_name}\n"
    return data_entry(full_name, value, documented[full_name.rpartition(".")[2]])


def is_documented_elsewhere(base, value):
    """Whether another class of the reference, or another library, describes the methods of a base of a class."""
    others = set(value.__mro__[1:]) & PUBLIC_CLASSES
    return not base.__module__.startswith("keras_vae") or any(issubclass(other, base) for other in others)


def data_entry(full_name, value, documentation):
    """A constant: its description, and the names in it."""
    lines = [*to_rst(documentation), ""]
    if isinstance(value, Mapping):
        lines += ["Names: " + ", ".join(f"``{name}``" for name in value) + "."]
    return f".. py:data:: {full_name}\n\n" + textwrap.indent("\n".join(lines), "   ") + "\n"


def constants():
    """The descriptions of all constants of the package, which are strings after their definitions."""
    found = {}
    for info in pkgutil.walk_packages(keras_vae.__path__, "keras_vae."):
        if importlib.util.find_spec(info.name).origin:
            for (scope, name), lines in ModuleAnalyzer.for_module(info.name).find_attr_docs().items():
                if not scope:
                    found[name] = lines
    return found


def page(title, summary, entries):
    return f"{title}\n{'=' * len(title)}\n\n{summary}\n\n" + "\n".join(entries)


def title_of(package):
    """The title of the page of a package, which differs from that of a guide on the same subject in search results."""
    return f"API: {TITLES[package][0].lower()}{TITLES[package][1:]}"


def write_pages(app):
    folder = Path(app.srcdir) / "reference"
    folder.mkdir(exist_ok=True)
    documented, in_packages = constants(), set()
    assert set(PACKAGES) == set(TITLES), set(PACKAGES) ^ set(TITLES)
    for package in TITLES:
        module = importlib.import_module(f"keras_vae.{package}")
        names = sorted(module.__all__, key=str.lower)
        in_packages |= set(names)
        entries = [entry(public_name(package, name), getattr(module, name), documented) for name in names]
        summary = inspect.cleandoc(module.__doc__ or "").splitlines()[0]
        write(folder / f"{package}.rst", page(title_of(package), f"``kv.{package}``: {summary}", entries))
    rest = sorted(set(keras_vae.__all__) - in_packages - set(TITLES) - {"__version__"}, key=str.lower)
    entries = [entry(f"keras_vae.{name}", getattr(keras_vae, name), documented) for name in rest]
    write(folder / "base.rst", page("API: base classes and registration", "Names that several packages use.", entries))
    listed = "\n".join(f"   {name}" for name in [*TITLES, "base"])
    index = "Every public name. ``import keras_vae as kv`` gives access to all of them."
    write(folder / "index.rst", page("API reference", index, [f".. toctree::\n   :maxdepth: 1\n\n{listed}\n"]))


def write(path, text):
    """Writes only what has changed, so that Sphinx does not read it again."""
    if not path.exists() or path.read_text() != text:
        path.write_text(text)


def setup(app):
    app.connect("builder-inited", write_pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

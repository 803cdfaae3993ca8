"""Writes a page of the reference for each public package, with every public name."""

import importlib
import inspect
from pathlib import Path

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
    "training": "Training runs",
    "tuning": "Hyper-parameter search",
    "evaluation": "Evaluation",
    "plots": "Plots",
    "explorer": "The latent explorer",
    "presets": "Presets",
    "serving": "Serving",
    "bulk": "Batch inference",
    "distribute": "Several devices",
}


def packages():
    found = {name for name in keras_vae.__all__ if inspect.ismodule(getattr(keras_vae, name))}
    assert found == set(TITLES), found ^ set(TITLES)
    return list(TITLES)


def public_name(package, name):
    """The shortest public name: `keras_vae.KL`, and `keras_vae.evaluation.mig` where only the package has it."""
    return f"keras_vae.{name}" if name in keras_vae.__all__ else f"keras_vae.{package}.{name}"


def entry(full_name, value):
    if inspect.isclass(value):
        return f".. autoclass:: {full_name}\n   :members:\n   :inherited-members:\n   :show-inheritance:\n"
    if callable(value):
        return f".. autofunction:: {full_name}\n"
    return f".. autodata:: {full_name}\n   :no-value:\n"


def page(title, summary, entries):
    return f"{title}\n{'=' * len(title)}\n\n{summary}\n\n" + "\n".join(entries)


def write_pages(app):
    folder = Path(app.srcdir) / "reference"
    folder.mkdir(exist_ok=True)
    in_packages = set()
    for package in packages():
        module = importlib.import_module(f"keras_vae.{package}")
        names = sorted(module.__all__, key=str.lower)
        in_packages |= set(names)
        entries = [entry(public_name(package, name), getattr(module, name)) for name in names]
        summary = inspect.cleandoc(module.__doc__ or "").splitlines()[0]
        write(folder / f"{package}.rst", page(TITLES[package], f"``kv.{package}``: {summary}", entries))
    rest = sorted(set(keras_vae.__all__) - in_packages - set(TITLES) - {"__version__"}, key=str.lower)
    entries = [entry(f"keras_vae.{name}", getattr(keras_vae, name)) for name in rest]
    write(folder / "base.rst", page("Base classes and registration", "Names that several packages use.", entries))
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

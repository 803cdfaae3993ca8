"""All kinds of hostile inputs, by name."""

import importlib

import numpy as np

from hostile.kind import Kind

MODULES = ("protos", "json_bodies", "http_requests", "images", "files")


def kinds() -> dict[str, Kind]:
    """Name -> kind."""
    found = [kind for module in MODULES for kind in importlib.import_module(f"hostile.{module}").KINDS]
    return {kind.name: kind for kind in found}


def generator(seed: int, name: str, number: int) -> np.random.Generator:
    """The generator of one input: it can be made again alone."""
    return np.random.default_rng([seed, *name.encode(), number])

"""The requirements in the metadata of the installed package, against what is installed."""

import platform
import sys
from collections.abc import Iterable, Iterator
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

import keras_vae
from keras_vae.cli.doctor.finding import Finding
from keras_vae.version import __version__

PACKAGE = "keras_vae"
SECTION = "Versions"


def versions() -> Iterator[Finding]:
    """The versions of Python, keras_vae and its dependencies, and their conflicts."""
    yield _python()
    yield Finding(SECTION, "platform", platform.platform())
    yield Finding(SECTION, PACKAGE, f"{__version__} in {Path(keras_vae.__file__).parent}")
    needed = requirements(PACKAGE)
    if not needed:
        text = f"{PACKAGE} is not installed, only found on the path; the versions that it needs are unknown."
        yield Finding(SECTION, "dependencies", text, "note")
    for one in needed:
        fault = fault_of(one)
        yield Finding(SECTION, one.name, fault or version_of(one.name) or "", "broken" if fault else "ok")
    for text in conflicts(one.name for one in needed):
        yield Finding(SECTION, "conflict", text, "note")


def _python() -> Finding:
    version = platform.python_version()
    text = f"{version}, {platform.python_implementation()}, {sys.executable}"
    bounds = _metadata_of(PACKAGE).get("Requires-Python")
    if bounds and not SpecifierSet(bounds).contains(version, prereleases=True):
        return Finding(
            SECTION, "Python", f"expected {bounds}, got {text}; install {PACKAGE} for another Python", "broken"
        )
    return Finding(SECTION, "Python", text)


def requirements(distribution: str, extra: str | None = None) -> list[Requirement]:
    """Returns the requirements of a distribution on this platform; those of one of its extras if `extra` is given.

    Example:

    >>> [one.name for one in requirements("keras_vae", extra="umap")]
    ['umap-learn']
    """
    try:
        every = [Requirement(text) for text in metadata.requires(distribution) or ()]
    except metadata.PackageNotFoundError:
        return []
    of_none = [one for one in every if one.marker is None or one.marker.evaluate({"extra": ""})]
    if extra is None:
        return of_none
    return [one for one in every if one not in of_none and one.marker and one.marker.evaluate({"extra": extra})]


def version_of(distribution: str) -> str | None:
    """Returns the version of an installed distribution; None if it is not installed."""
    return _metadata_of(distribution).get("Version")


def fault_of(requirement: Requirement) -> str | None:
    """Returns what is wrong with an installed distribution, and how to mend it; None if it is as required.

    Example:

    >>> fault_of(Requirement("typer >=0.15")) is None
    True
    >>> fault_of(Requirement("no-such-package >=2"))
    "expected >=2, but it is not installed; run: pip install 'no-such-package>=2'"
    """
    version, bounds = version_of(requirement.name), requirement.specifier
    if version is not None and bounds.contains(version, prereleases=True):
        return None
    got = "but it is not installed" if version is None else f"got {version}"
    return f"expected {bounds or 'any version'}, {got}; run: pip install '{requirement.name}{bounds}'"


def conflicts(distributions: Iterable[str]) -> list[str]:
    """Returns a line for each unmet requirement of installed distributions, and of all that they require."""
    lines, seen, left = [], set(), [canonicalize_name(name) for name in distributions]
    while left:
        name = left.pop()
        if name in seen or version_of(name) is None:
            continue
        seen.add(name)
        for one in requirements(name):
            left.append(canonicalize_name(one.name))
            if fault := fault_of(one):
                lines.append(f"{name} {version_of(name)} needs {one.name}: {fault}")
    return sorted(lines)


def _metadata_of(distribution: str) -> dict[str, str]:
    try:
        found = metadata.distribution(distribution).metadata
    except metadata.PackageNotFoundError:
        return {}
    return {name: found[name] for name in ("Version", "Requires-Python") if found[name]}

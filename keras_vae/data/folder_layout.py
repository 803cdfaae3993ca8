"""Which image file of a folder belongs to which split and class."""

from collections.abc import Sequence
from pathlib import Path, PurePath
from typing import NamedTuple, TypeVar

from keras_vae.data.images import SUFFIXES

SPLITS = {"train": "train", "validation": "validation", "val": "validation", "test": "test"}


P = TypeVar("P", bound=PurePath)


class Entry(NamedTuple):
    """One image file: its path relative to the folder, its split, and the name of its class, if any."""

    path: PurePath
    part: str
    label: str | None


def layout(root: Path) -> tuple[list[Entry], list[Path], list[Path]]:
    """Finds the image files under `root`, hidden ones left out, and arranges them; see `arrange`.

    Returns:
        What `arrange` returns, and the files of other kinds.
    """
    files = [path.relative_to(root) for path in sorted(root.rglob("*")) if not path.is_dir()]
    shown = [file for file in files if not any(part.startswith(".") for part in file.parts)]
    images = [file for file in shown if file.suffix.lower() in SUFFIXES and (root / file).is_file()]
    return *arrange(images), sorted({*shown} - {*images})


def arrange(files: Sequence[P]) -> tuple[list[Entry], list[P]]:
    """Parts files, named relative to their folder, into splits and classes.

    Returns:
        The files in their order, and those left over: the ones outside `train`, `validation` (or `val`) and `test` if
        there is a `train`. Without it they are the training files.
    """
    own = {file: SPLITS.get(file.parts[0].lower()) if len(file.parts) > 1 else None for file in files}
    outside = None if "train" in own.values() else "train"
    entries, left_over = [], []
    for file, part in own.items():
        folders = file.parts[1:-1] if part else file.parts[:-1]
        if part or outside:
            entries.append(Entry(file, part or outside, folders[0] if folders else None))
        else:
            left_over.append(file)
    return entries, left_over


def label_names(entries: Sequence[Entry]) -> tuple[str, ...]:
    """The class names in sorted order; none unless each file has a class and there are two classes or more.

    Example:

    >>> label_names([Entry(Path("dog/1.png"), "train", "dog"), Entry(Path("cat/1.png"), "train", "cat")])
    ('cat', 'dog')
    """
    found = {entry.label for entry in entries}
    return () if None in found or len(found) < 2 else tuple(sorted(found))

"""Assigns the image files of a folder to splits and classes."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePath
from typing import NamedTuple, TypeVar

from keras_vae.data.images import SUFFIXES

SPLITS = {"train": "train", "validation": "validation", "val": "validation", "test": "test"}


P = TypeVar("P", bound=PurePath)


class Entry(NamedTuple):
    """An image file.

    Attributes:
        path: path relative to the folder.
        part: name of the split.
        label: name of the class, or None.
    """

    path: PurePath
    part: str
    label: str | None


def layout(root: Path) -> tuple[list[Entry], list[PurePath], list[Path]]:
    """Lists the image files under `root`, except hidden files, and assigns them to splits and classes.

    A single file is a training example.

    Returns:
        The two results of `arrange`, and the files of other kinds.
    """
    if root.is_file():
        return [Entry(PurePath(root.name), "train", None)], [], []
    images, others = [], []
    for parts, is_file in sorted(walk(os.fspath(root), ())):
        if is_file and os.path.splitext(parts[-1])[1].lower() in SUFFIXES:
            images.append(PurePath(*parts))
        else:
            others.append(Path(*parts))
    return *arrange(images), others


def walk(folder: str, parents: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], bool]]:
    """Yields the parts of the path, and whether it is a regular file, of everything but folders and hidden files."""
    with os.scandir(folder) as entries:
        for entry in entries:
            parts = (*parents, entry.name)
            if entry.name.startswith("."):
                continue
            if entry.is_dir():
                if not entry.is_symlink():
                    yield from walk(entry.path, parts)
            else:
                yield parts, entry.is_file()


def arrange(files: Sequence[P]) -> tuple[list[Entry], list[P]]:
    """Assigns files, with paths relative to their folder, to splits and classes.

    Returns:
        The entries of the files, in the same order, and the unused files: those outside `train`, `validation` (or
        `val`) and `test`, if there is a folder `train`. Without a folder `train`, these files are training files.
    """
    all_parts = [file.parts for file in files]
    splits = [SPLITS.get(parts[0].lower()) if len(parts) > 1 else None for parts in all_parts]
    default_split = None if "train" in splits else "train"
    entries, unused_files = [], []
    for file, parts, split in zip(files, all_parts, splits, strict=True):
        folders = parts[1:-1] if split else parts[:-1]
        used_split = split or default_split
        if used_split is None:
            unused_files.append(file)
        else:
            entries.append(Entry(file, used_split, folders[0] if folders else None))
    return entries, unused_files


def names_of_labels(entries: Sequence[Entry], names_in_training: Sequence[str] = ()) -> tuple[str, ...]:
    """Returns the name of each label: first those of training, then others in sorted order.

    Without names of training, there must be two or more. There are none unless every file has one.

    Example:

    >>> names_of_labels([Entry(Path("dog/1.png"), "train", "dog"), Entry(Path("cat/1.png"), "train", "cat")])
    ('cat', 'dog')
    >>> names_of_labels([Entry(Path("ape/1.png"), "train", "ape")], ("cat", "dog"))
    ('cat', 'dog', 'ape')
    """
    labels = {entry.label for entry in entries if entry.label is not None}
    if any(entry.label is None for entry in entries) or (len(labels) < 2 and not names_in_training):
        return ()
    return (*names_in_training, *sorted(labels - {*names_in_training}))

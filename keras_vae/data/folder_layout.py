"""Assigns the image files of a folder to splits and classes."""

from collections.abc import Sequence
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


def layout(root: Path) -> tuple[list[Entry], list[Path], list[Path]]:
    """Lists the image files under `root`, except hidden files, and assigns them to splits and classes.

    Returns:
        The two results of `arrange`, and the files of other kinds.
    """
    files = [path.relative_to(root) for path in sorted(root.rglob("*")) if not path.is_dir()]
    visible = [file for file in files if not any(part.startswith(".") for part in file.parts)]
    images = [file for file in visible if file.suffix.lower() in SUFFIXES and (root / file).is_file()]
    return *arrange(images), sorted({*visible} - {*images})


def arrange(files: Sequence[P]) -> tuple[list[Entry], list[P]]:
    """Assigns files, with paths relative to their folder, to splits and classes.

    Returns:
        The entries of the files, in the same order, and the unused files: those outside `train`, `validation` (or
        `val`) and `test`, if there is a folder `train`. Without a folder `train`, these files are training files.
    """
    file_parts = {file: SPLITS.get(file.parts[0].lower()) if len(file.parts) > 1 else None for file in files}
    default_part = None if "train" in file_parts.values() else "train"
    entries, unused_files = [], []
    for file, part in file_parts.items():
        folders = file.parts[1:-1] if part else file.parts[:-1]
        used_part = part or default_part
        if used_part is None:
            unused_files.append(file)
        else:
            entries.append(Entry(file, used_part, folders[0] if folders else None))
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

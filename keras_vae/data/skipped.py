"""Reports images that cannot be read, and files that are none: each once."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from keras_vae.data.encoded_images import MAX_NAMED

KINDS = "PNG, JPEG, BMP, WebP, GIF or TIFF"


def skip_notes(failures: Sequence[str], other_files: Sequence[Path] = ()) -> list[str]:
    """Returns the reasons of the first images that cannot be read, the number of the others, and the other files.

    Args:
        failures: a sentence for each image that cannot be read.
        other_files: files of other kinds.
    """
    notes = [*failures[:MAX_NAMED]]
    if len(failures) > MAX_NAMED:
        notes.append(f"Skipped {len(failures) - MAX_NAMED} more like these.")
    if other_files:
        notes.append(f"Skipped {kinds_of(other_files)}, first {other_files[0]}.")
    return notes


def count_notes(failures: Sequence[str], images: str, other_files: Sequence[Path] = ()) -> list[str]:
    """Returns the numbers of what is skipped, for data whose warning has named it.

    Args:
        failures: a sentence for each image that cannot be read.
        images: the number of all images, and what they are.
        other_files: files of other kinds.

    Example:

    >>> count_notes(["Skipped a.png: it is empty."], "9 image files")
    ['Skipped 1 of 9 image files: they cannot be read.']
    """
    notes = [f"Skipped {len(failures)} of {images}: they cannot be read."] if failures else []
    return [*notes, f"Skipped {len(other_files)} files of other kinds."] if other_files else notes


def kinds_of(other_files: Sequence[Path]) -> str:
    """Returns the number of files of each kind as text."""
    kinds = Counter(path.suffix.lower() or "no suffix" for path in other_files)
    counts = ", ".join(f"{kind}: {count}" for kind, count in sorted(kinds.items()))
    return f"{len(other_files)} files that are not {KINDS} ({counts})"

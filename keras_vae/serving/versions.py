"""The versions of a servable: its sub-folders with decimal names."""

from pathlib import Path


def versions_in(folder: Path) -> dict[int, Path]:
    """Number -> folder, the oldest first; other names are left out, and so is everything if there is no such folder.

    Example:

    >>> versions_in(Path("nothing"))
    {}
    """
    entries = folder.iterdir() if folder.is_dir() else ()
    found = {
        int(entry.name): entry for entry in entries if entry.name.isascii() and entry.name.isdigit() and entry.is_dir()
    }
    return dict(sorted(found.items()))

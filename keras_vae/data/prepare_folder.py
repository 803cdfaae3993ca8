"""The output folder of `prepare`, which contains nothing but its own files."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from keras_vae.data.prepared import INDEX
from keras_vae.data.split_dataset import PARTS
from keras_vae.errors import InvalidInputError
from keras_vae.files import write_whole
from keras_vae.locks import locked
from keras_vae.text import readable_bytes

UNFINISHED = "unfinished.txt"
"""The file that tells that the other files in the folder were written by an interrupted call."""

OWN = re.compile(rf"({'|'.join(PARTS)})-\d{{5}}(\.labels)?\.npy|[a-z0-9-]+\.shard\.json|{re.escape(UNFINISHED)}")


def check_out(out: Path) -> None:
    """Raises `InvalidInputError` unless the folder is new or empty, or contains the work of an interrupted call."""
    if out.is_file():
        raise InvalidInputError(f"{out}: it is a file; expected a new folder.")
    names = {path.name for path in out.iterdir() if path.name[0] != "."} if out.exists() else set()
    others = {name for name in names if not OWN.fullmatch(name)} if UNFINISHED in names else names
    if others:
        raise InvalidInputError(
            f"{out}: expected a new folder, or the same work begun before, got {min(others)}; choose another folder."
        )


def check_room(out: Path, needed: int, remedy: str) -> None:
    """Raises `InvalidInputError` if the disk has no room for `needed` bytes, with those that are written already."""
    names = [path for path in out.iterdir() if OWN.fullmatch(path.name)] if out.exists() else []
    written = sum(path.stat().st_size for path in names)
    parent = next(path for path in (out, *out.absolute().parents) if path.exists())
    free = psutil.disk_usage(os.fspath(parent)).free + written
    if needed > free:
        raise InvalidInputError(
            f"{out}: expected room for up to {readable_bytes(needed)} of examples, got {readable_bytes(free)} free; "
            f"{remedy} or another disk."
        )


@contextmanager
def unfinished(out: Path) -> Iterator[None]:
    """Creates and locks the folder, and marks it as unfinished until the end of the context without an error."""
    out.mkdir(parents=True, exist_ok=True)
    with locked(out):
        check_out(out)
        text = "`keras-vae prepare` has not finished this folder. Run the same command again to continue.\n"
        write_whole(out / UNFINISHED, lambda path: path.write_text(text))
        yield
        for path in list(out.iterdir()):
            name, _, partial = path.name.removeprefix(".").partition(".partial-")  # of a call that was killed
            if (partial and (name == INDEX or OWN.fullmatch(name))) or path.name.endswith(".shard.json"):
                path.unlink()
        (out / UNFINISHED).unlink()


def clear(out: Path) -> None:
    """Removes the files of other data or options, which an interrupted call has written."""
    for path in list(out.iterdir()):
        if OWN.fullmatch(path.name) and path.name != UNFINISHED:
            path.unlink()

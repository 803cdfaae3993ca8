"""Files and folders that are written as a whole or not at all."""

import contextlib
import errno
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from keras_vae.errors import InvalidInputError
from keras_vae.locks import abandoned, locked
from keras_vae.text import read_text

DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO)
PARTIAL = ".partial-"


def write_whole(target: Path, write: Callable[[Path], Any]) -> None:
    """Lets `write` make a new file of the same name, and puts it in place when it is whole and on disk.

    What was at `target` stays until then, and stays if `write` fails.

    Raises:
        OSError: if the file cannot be written, whatever error `write` raised for it.
    """
    with partial_folder(target) as folder:
        new = folder / target.name
        write(new)
        with new.open("rb") as file:
            os.fsync(file.fileno())
        os.replace(new, target)


def write_json(target: Path, content: Any) -> None:
    """Writes `content` as JSON."""
    write_whole(target, lambda path: path.write_text(json.dumps(content, indent=2) + "\n"))


def read_json(path: Path) -> Any:
    """What `write_json` wrote.

    Raises:
        InvalidInputError: if the file is damaged.
        OSError: if it cannot be read.
    """
    text = read_text(path)
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidInputError(f"{path}: it is damaged ({error}); remove it, or make it again.") from error


@contextlib.contextmanager
def partial_folder(target: Path) -> Iterator[Path]:
    """A new folder beside `target`, to make it in; removed at the end with all that is still there.

    Such folders of processes that were killed are removed first. Locks distinguish them from those of live processes.

    Raises:
        OSError: if the disk is full or fails, whatever error a library made of it.
    """
    remove_abandoned(target.parent)
    with _disk_errors(target):
        outer = Path(tempfile.mkdtemp(prefix=f".{target.name}{PARTIAL}", dir=target.parent))
        try:
            with locked(outer):
                inner = outer / "content"
                inner.mkdir()
                try:
                    yield inner
                finally:
                    shutil.rmtree(inner, ignore_errors=True)
        finally:
            shutil.rmtree(outer, ignore_errors=True)


@contextlib.contextmanager
def new_parents(target: Path) -> Iterator[None]:
    """Makes the parents of `target` that are not there; at the end, those of them that are empty go again."""
    made = [parent for parent in target.parents if not parent.exists()]
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        yield
    finally:
        for parent in made:
            with contextlib.suppress(OSError):  # it is in use
                parent.rmdir()


def remove_abandoned(folder: Path) -> None:
    """Removes what `partial_folder` made in `folder` for processes that were killed."""
    with contextlib.suppress(OSError):
        for entry in list(os.scandir(folder)):
            if entry.name.startswith(".") and PARTIAL in entry.name and entry.is_dir(follow_symlinks=False):
                with abandoned(Path(entry)) as dead:
                    if dead:
                        shutil.rmtree(entry, ignore_errors=True)


def check_writable(path: Path) -> None:
    """Raises `OSError` unless `path` can be made, or, if it is a folder, something can be made in it; leaves nothing.

    Args:
        path: of a file or folder; its parents need not exist.
    """
    path = path.absolute()
    folder = next(one for one in (path, *path.parents) if one.exists() and not (one == path and one.is_file()))
    with _disk_errors(path), tempfile.TemporaryDirectory(prefix=f".{path.name}{PARTIAL}", dir=folder):
        pass


@contextlib.contextmanager
def _disk_errors(target: Path) -> Iterator[None]:
    """Turns whatever a library raises for a full or failing disk into an `OSError` that names `target`."""
    try:
        yield
    except InvalidInputError:
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.filename and PARTIAL not in str(error.filename):
            raise  # of another file, which it names
        number, reason = _reason(error)
        if number is None:
            raise
        raise OSError(number, reason, str(target)) from error


def _reason(error: Exception) -> tuple[int | None, str]:
    """Number and name of an error of the disk, or in a partial folder; None for any other."""
    number = error.errno if isinstance(error, OSError) else None
    if number in DISK_ERRORS or (number is not None and isinstance(error, OSError) and PARTIAL in str(error.filename)):
        return number, os.strerror(number)
    text = str(error)  # of TensorFlow, Arrow, HDF5 or Beam, which keep no number
    for number in DISK_ERRORS:
        if os.strerror(number) in text:
            return number, os.strerror(number)
    if type(error) is OSError and error.errno is None:
        return errno.EIO, f"it cannot be written ({' '.join(text.split())[:200]})"  # of numpy, which keeps no reason
    return None, ""

"""Atomic writing of files and folders."""

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
from keras_vae.locks import LOCK, abandoned, locked
from keras_vae.text import read_text

DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO)
PARTIAL = ".partial-"


def expanded(path: str | os.PathLike, *, part: str = "path") -> Path:
    """Returns a path with the home directory in place of `~`; `~name` stays as it is if there is no such user.

    Raises:
        InvalidInputError: if `path` is neither a text nor a path.

    Example:

    >>> expanded("~no_such_user/x").as_posix()
    '~no_such_user/x'
    """
    if not isinstance(path, (str, os.PathLike)):
        raise InvalidInputError(f"{part}: expected a text or a path, got {type(path).__name__}.")
    return Path(os.path.expanduser(path))


def write_whole(target: Path, write: Callable[[Path], Any]) -> None:
    """Writes a file atomically: `write` creates it in a temporary folder, and it replaces `target` once it is on disk.

    If `write` fails, `target` is unchanged. If `target` is a symbolic link, the file that it names is replaced.

    Raises:
        OSError: if the file cannot be written, also if `write` raises another class of error in this case.
    """
    target = Path(os.path.realpath(target)) if target.is_symlink() else target
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
    """Reads a JSON file.

    Raises:
        InvalidInputError: if the file is damaged.
        OSError: if the file cannot be read.
    """
    text = read_text(path)
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidInputError(f"{path}: it is damaged ({error}); remove it, or make it again.") from error


def version_of(file: Path | int) -> tuple[int, int]:
    """Returns the size and the time of the last change of a file, or of its descriptor, which tell if it has changed.

    Raises:
        OSError: if the file cannot be read.
    """
    status = os.stat(file)
    return status.st_size, status.st_mtime_ns


@contextlib.contextmanager
def partial_folder(target: Path) -> Iterator[Path]:
    """Yields a temporary folder beside `target`, in which `target` is created; removes the folder at the end.

    Temporary folders of killed processes are removed first. Locks distinguish them from those of running processes.

    Raises:
        OSError: if the disk is full or fails, also if a library raises another class of error in this case.
    """
    remove_abandoned(target.parent)
    with disk_errors(target):
        outer = Path(tempfile.mkdtemp(prefix=_prefix(target), dir=target.parent))
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
    """Creates the missing parents of `target`; at the end, removes those of them that are empty."""
    made = [parent for parent in target.parents if not parent.exists()]
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        yield
    finally:
        for parent in made:
            with contextlib.suppress(OSError):  # the folder is not empty
                parent.rmdir()


def names_in(folder: Path) -> set[str]:
    """Returns the names in a folder, without the lock and the temporary folders; empty if there is no folder."""
    names = {entry.name for entry in os.scandir(folder)} if folder.is_dir() else set()
    return {name for name in names if name != LOCK and not (name.startswith(".") and PARTIAL in name)}


def remove_abandoned(folder: Path) -> None:
    """Removes the temporary folders of `partial_folder` in `folder` whose processes were killed."""
    with contextlib.suppress(OSError):
        for entry in list(os.scandir(folder)):
            if entry.name.startswith(".") and PARTIAL in entry.name and entry.is_dir(follow_symlinks=False):
                with abandoned(Path(entry)) as dead:
                    if dead:
                        shutil.rmtree(entry, ignore_errors=True)


def check_writable(path: Path) -> None:
    """Checks that a file or folder can be created, or that an existing folder is writable; leaves no files.

    Args:
        path: path of a file or folder, whose parents need not exist.

    Raises:
        OSError: if it cannot be written.
    """
    path = path.absolute()
    folder = next(one for one in (path, *path.parents) if one.exists() and not (one == path and one.is_file()))
    with disk_errors(path), tempfile.TemporaryDirectory(prefix=_prefix(path), dir=folder):
        pass


def _prefix(target: Path) -> str:
    """Returns the start of the names of temporary folders, short enough for a target with a name of 255 bytes."""
    return f".{os.fsencode(target.name)[:200].decode(errors='ignore')}{PARTIAL}"


@contextlib.contextmanager
def disk_errors(target: Path) -> Iterator[None]:
    """Converts any error of a library for a full or failing disk to an `OSError` that names `target`."""
    try:
        yield
    except InvalidInputError:
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.filename and PARTIAL not in str(error.filename):
            raise  # an error of another file, whose name it contains
        number, reason = _reason(error)
        if number is None:
            raise
        raise OSError(number, reason, str(target)) from error


def _reason(error: Exception) -> tuple[int | None, str]:
    """Returns the number and text of an error of the disk, or in a temporary folder; None for other errors."""
    number = error.errno if isinstance(error, OSError) else None
    if number in DISK_ERRORS or (number is not None and isinstance(error, OSError) and PARTIAL in str(error.filename)):
        return number, os.strerror(number)
    text = str(error)  # errors of TensorFlow, Arrow, HDF5 and Beam contain no errno
    for number in DISK_ERRORS:
        if os.strerror(number) in text:
            return number, os.strerror(number)
    if type(error) is OSError and error.errno is None:
        return errno.EIO, f"it cannot be written ({' '.join(text.split())[:200]})"  # errors of NumPy contain no reason
    return None, ""

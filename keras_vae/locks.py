"""Locks on folders. The operating system releases them when a process ends or is killed."""

import contextlib
import errno
import json
import os
import socket
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

from filelock import lock_descriptor

from keras_vae.errors import InvalidInputError

LOCK = ".lock"
"""The name of the lock file in a folder; its content names the owner."""

NOFOLLOW = getattr(os, "O_NOFOLLOW", 0)  # not available on Windows
UNSUPPORTED = (errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOLCK)


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Locks a folder against other processes that lock it.

    Args:
        folder: the folder.

    Raises:
        InvalidInputError: if another process has the lock; the message names the process.
        OSError: if the folder cannot be written.
    """
    descriptor = _lock(folder, new=True)
    if descriptor is None:
        raise InvalidInputError(_in_use(folder))
    try:
        yield
    finally:
        try:
            with contextlib.suppress(PermissionError):  # Windows cannot remove an open file
                (folder / LOCK).unlink(missing_ok=True)
        finally:
            os.close(descriptor)


def check_unlocked(folder: Path) -> None:
    """Checks that no process has locked a folder, and changes nothing.

    Raises:
        InvalidInputError: if a process, including this one, has the lock; the message names the process.
    """
    try:
        descriptor = os.open(folder / LOCK, os.O_RDWR | NOFOLLOW)
    except OSError:  # there is no lock file, or it is not readable
        return
    try:
        if not _try(descriptor, required=False):
            raise InvalidInputError(_in_use(folder))
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def abandoned(folder: Path) -> Iterator[bool]:
    """Yields whether a process that had locked the folder was killed; if so, locks the folder in the context."""
    descriptor = None
    with contextlib.suppress(OSError):
        if _read(folder).get("program") == "keras_vae":
            descriptor = _lock(folder, new=False)
    try:
        yield descriptor is not None
    finally:
        if descriptor is not None:
            os.close(descriptor)


def _lock(folder: Path, *, new: bool) -> int | None:
    """Locks the file, which may be `new`, and returns its descriptor; None if another process has the lock."""
    path = folder / LOCK
    flags = os.O_RDWR | NOFOLLOW | (os.O_CREAT if new else 0)
    while True:
        descriptor = os.open(path, flags, 0o644)
        try:
            if not _try(descriptor, required=not new):
                os.close(descriptor)
                return None
            if _is_at(descriptor, path):
                _sign(descriptor)
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)  # its owner has removed the file in the meantime


def _try(descriptor: int, *, required: bool) -> bool:
    """Returns whether it got the lock. Without `required`, a file system without locks counts as success."""
    try:
        return lock_descriptor(descriptor, blocking=False)
    except OSError as error:
        if required or error.errno not in UNSUPPORTED:
            raise
        warnings.warn("This file system has no locks: run one keras_vae process at a time in a folder.", stacklevel=2)
        return True


def _is_at(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except FileNotFoundError:
        return False


def _sign(descriptor: int) -> None:
    owner = {
        "program": "keras_vae",
        "pid": os.getpid(),
        "host": socket.gethostname(),
        "since": time.strftime("%Y-%m-%d %H:%M:%S"),
    }
    os.ftruncate(descriptor, 0)
    os.lseek(descriptor, 0, os.SEEK_SET)
    os.write(descriptor, json.dumps(owner).encode())


def _read(folder: Path) -> dict:
    """Reads the owner from the lock file; an empty dictionary if it cannot be read."""
    try:
        owner = json.loads((folder / LOCK).read_bytes()[:10_000])
    except (OSError, ValueError):
        return {}
    return owner if isinstance(owner, dict) else {}


def _in_use(folder: Path) -> str:
    return f"{folder}: {_owner(folder)} is working in it; wait until it has finished, or stop it."


def _owner(folder: Path) -> str:
    owner = _read(folder)
    if not owner:
        return "another process"
    return f"process {owner.get('pid')} on {owner.get('host')} (since {owner.get('since')})"

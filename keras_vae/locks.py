"""Locks on folders, held by the operating system: a process that is killed holds none."""

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
"""The file in a folder that is locked; it names the owner."""

NOFOLLOW = getattr(os, "O_NOFOLLOW", 0)  # Windows has none
UNSUPPORTED = (errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOLCK)


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Holds a folder, so that no other process that asks for it works there.

    Args:
        folder: the folder.

    Raises:
        InvalidInputError: if another process holds it; the message names the process.
        OSError: if the folder cannot be written.
    """
    descriptor = _lock(folder, new=True)
    if descriptor is None:
        raise InvalidInputError(_held(folder))
    try:
        yield
    finally:
        try:
            with contextlib.suppress(PermissionError):  # Windows keeps a file that is open
                (folder / LOCK).unlink(missing_ok=True)
        finally:
            os.close(descriptor)


def check_unlocked(folder: Path) -> None:
    """Checks that no process holds a folder by `locked`, and changes nothing.

    Raises:
        InvalidInputError: if one does, this process included; the message names it.
    """
    try:
        descriptor = os.open(folder / LOCK, os.O_RDWR | NOFOLLOW)
    except OSError:  # none, or not ours
        return
    try:
        if not _try(descriptor, required=False):
            raise InvalidInputError(_held(folder))
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def abandoned(folder: Path) -> Iterator[bool]:
    """Whether a process held this folder by `locked` and was killed; if so, the folder is held meanwhile."""
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
    """The descriptor of the locked file, which may be `new`; None if another process has the lock."""
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
        os.close(descriptor)  # its owner has removed it meanwhile


def _try(descriptor: int, *, required: bool) -> bool:
    """Whether the lock was free; on a file system without locks it counts as free unless it is `required`."""
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
    """What the lock says of its owner; empty if that cannot be read."""
    try:
        owner = json.loads((folder / LOCK).read_bytes()[:10_000])
    except (OSError, ValueError):
        return {}
    return owner if isinstance(owner, dict) else {}


def _held(folder: Path) -> str:
    return f"{folder}: {_owner(folder)} is working in it; wait until it has finished, or stop it."


def _owner(folder: Path) -> str:
    owner = _read(folder)
    if not owner:
        return "another process"
    return f"process {owner.get('pid')} on {owner.get('host')} (since {owner.get('since')})"

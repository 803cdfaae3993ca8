"""The versions of a servable: its sub-folders with decimal names."""

import os
from pathlib import Path

import tensorflow as tf

from keras_vae.errors import InvalidInputError

MOST_VERSION = 2**63 - 1
"""Of a version's number, since TF Serving keeps it in 64 bits."""


def version_of(name: str) -> int | None:
    """The version that a folder of this name holds; None if it is no version, as for TF Serving.

    Example:

    >>> version_of("3"), version_of("03"), version_of(".export-3"), version_of("9" * 19)
    (3, 3, None, None)
    """
    if not (name.isascii() and name.isdigit()):
        return None
    number = int(name)
    return number if number <= MOST_VERSION else None


def is_text(name: str) -> bool:
    """Whether the name of a file can be written in UTF-8, as every name in a protocol is.

    Example:

    >>> is_text("é"), is_text(chr(0xDCFF))
    (True, False)
    """
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def versions_in(folder: Path) -> dict[int, Path]:
    """Number -> folder, the oldest first; other names are left out, and so is everything if there is no such folder.

    Raises:
        OSError: if the folder cannot be read.

    Example:

    >>> versions_in(Path("nothing"))
    {}
    """
    entries = sorted(folder.iterdir()) if folder.is_dir() else ()
    found = {number: entry for entry in entries if (number := version_of(entry.name)) is not None and entry.is_dir()}
    return dict(sorted(found.items()))


def newest_version(path: str | os.PathLike) -> str:
    """`path`, if it is a version, or the newest version in it; a local folder, or one that TensorFlow reads.

    Raises:
        InvalidInputError: if there is no SavedModel.
    """
    path = os.fspath(path)
    if tf.io.gfile.exists(tf.io.gfile.join(path, "saved_model.pb")):
        return path
    names = [name.strip("/") for name in tf.io.gfile.listdir(path)] if tf.io.gfile.isdir(path) else []
    newest = max((name for name in names if version_of(name) is not None), key=int, default=None)
    if newest is None:
        raise InvalidInputError(
            f"{path}: expected an export; got no SavedModel, nor numbered versions that hold one; "
            "make one with: keras-vae export RUN"
        )
    return newest_version(tf.io.gfile.join(path, newest))

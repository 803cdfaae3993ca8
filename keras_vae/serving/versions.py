"""The versions of a model: the sub-folders with decimal names."""

import os
from pathlib import Path

import tensorflow as tf

from keras_vae.errors import InvalidInputError

MAX_VERSION = 2**63 - 1
"""The maximum version number, which TensorFlow Serving stores in 64 bits."""


def version_of(name: str) -> int | None:
    """Returns the version number of a folder name, or None if the name is not a version in TensorFlow Serving.

    Example:

    >>> version_of("3"), version_of("03"), version_of(".export-3"), version_of("9" * 19)
    (3, 3, None, None)
    """
    if not (name.isascii() and name.isdigit()):
        return None
    number = int(name)
    return number if number <= MAX_VERSION else None


def is_text(name: str) -> bool:
    """Returns whether the name of a file can be encoded in UTF-8, as the protocols require.

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
    """Returns number -> folder, the oldest version first, without other entries; empty if there is no such folder.

    Raises:
        OSError: if the folder cannot be read.

    Example:

    >>> versions_in(Path("nothing"))
    {}
    """
    entries = sorted(folder.iterdir()) if folder.is_dir() else ()
    versions = {number: entry for entry in entries if (number := version_of(entry.name)) is not None and entry.is_dir()}
    return dict(sorted(versions.items()))


def newest_version(path: str | os.PathLike) -> str:
    """Returns `path` if it is a version, otherwise the newest version in it; supports the file systems of TensorFlow.

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
            f"{path}: expected an export; got neither a SavedModel nor numbered versions with a SavedModel; create one "
            "with: keras-vae export RUN"
        )
    return newest_version(tf.io.gfile.join(path, newest))

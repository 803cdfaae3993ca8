"""The versions of a servable: its sub-folders with decimal names."""

import os
from pathlib import Path

import tensorflow as tf

from keras_vae.errors import InvalidInputError


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


def newest_version(path: str | os.PathLike) -> str:
    """`path`, if it is a version, or the newest version in it; a local folder, or one that TensorFlow reads.

    Raises:
        InvalidInputError: if there is no SavedModel.
    """
    path = os.fspath(path)
    if tf.io.gfile.exists(tf.io.gfile.join(path, "saved_model.pb")):
        return path
    names = [name.strip("/") for name in tf.io.gfile.listdir(path)] if tf.io.gfile.isdir(path) else []
    newest = max((int(name) for name in names if name.isascii() and name.isdigit()), default=None)
    if newest is None:
        raise InvalidInputError(
            f"{path}: expected an export; got no SavedModel, nor numbered versions that hold one; "
            "make one with: keras-vae export RUN"
        )
    return newest_version(tf.io.gfile.join(path, str(newest)))

"""Loads a saved model."""

import json
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import keras

from keras_vae.errors import InvalidInputError, one_line
from keras_vae.models.autoencoder import Autoencoder
from keras_vae.models.serialized import has_code, unknown_objects

WEIGHTS, METADATA = "model.weights.h5", "metadata.json"
"""Members of a `.keras` archive; Keras writes its version and the date into the second one."""

MOST_CONFIG_BYTES = 2**26
MOST_EXPANSION = 10
"""How much larger than the file its content may be, beside a few MiB; Keras does not compress."""


def load_model(path: str | os.PathLike, custom_objects: Mapping[str, Any] | None = None) -> Autoencoder:
    """Loads an `Autoencoder` from a `.keras` file, with its weights, optimizer state and step.

    Keras's safe mode is on: a file with Python code (a Lambda layer) is rejected.

    Args:
        path: path of the file.
        custom_objects: name -> class or function, for objects that are not registered with Keras, see `register`.

    Raises:
        InvalidInputError: if the file does not exist or is damaged, if it needs an unknown class, or if it contains
            another kind of object.

    Example:

    >>> vae((8,), 2, units=(4,)).save("model.keras")
    >>> load_model("model.keras").latent_shape
    (2,)
    """
    path = Path(path)
    if not path.is_file():
        of_run = f"; the model of a run is {path / 'model.keras'}" if (path / "model.keras").is_file() else ""
        raise InvalidInputError(f"{path}: no such file; expected a model saved as .keras{of_run}.")
    if path.suffix != ".keras" or not zipfile.is_zipfile(path):
        raise InvalidInputError(f"{path}: it is not a .keras file, or a damaged one; save the model again.")
    config = _read_config(path)
    try:
        model = keras.saving.load_model(path, custom_objects=custom_objects)
    except Exception as error:  # whatever a damaged or hostile archive provokes inside Keras
        raise InvalidInputError(f"{path}: {_why_not(config, custom_objects, error)}") from error
    if not isinstance(model, Autoencoder):
        raise InvalidInputError(f"{path}: expected an Autoencoder of keras_vae, it holds a {type(model).__name__}.")
    return model


def _read_config(path: Path) -> Any:
    """Reads the configuration in the archive; rejects zip bombs and paths that lead out of the archive."""
    try:
        with zipfile.ZipFile(path) as archive:
            _check_members(archive, limit=MOST_EXPANSION * (path.stat().st_size + 2**20))
            return json.loads(archive.read("config.json"))
    except Exception as error:  # whatever is wrong with the archive, or with what it holds
        raise InvalidInputError(f"{path}: Keras cannot read it ({one_line(error)}); save the model again.") from error


def _check_members(archive: zipfile.ZipFile, limit: int) -> None:
    members = archive.infolist()
    for member in members:
        if ".." in member.filename or member.filename.startswith(("/", "\\")):
            raise ValueError(f"{member.filename[:50]!r} leads out of the archive")
    if sum(member.file_size for member in members) > limit:
        raise ValueError("its content is far larger than the file")
    if archive.getinfo("config.json").file_size > MOST_CONFIG_BYTES:
        raise ValueError("its configuration is too large")
    if damaged := archive.testzip():
        raise ValueError(f"the checksum of {damaged!r} is wrong")
    with archive.open(WEIGHTS) as file, h5py.File(file) as weights:
        _check_weights(weights, limit)


def _check_weights(weights: h5py.File, limit: int) -> None:
    """Rejects weights in other files and of a size above that of the file, which Keras would allocate."""
    claimed = 0

    def look(name):
        nonlocal claimed
        if isinstance(weights.get(name, getlink=True), (h5py.ExternalLink, h5py.SoftLink)):
            return f"{name!r} is a link"
        one = weights[name]
        if isinstance(one, h5py.Dataset):
            if one.external or one.is_virtual:
                return f"{name!r} is kept in another file"
            claimed += one.nbytes
        return "its weights claim to be far larger than the file" if claimed > limit else None

    if problem := weights.visit_links(look):
        raise ValueError(problem)


def _why_not(config: Any, custom_objects: Mapping[str, Any] | None, error: Exception) -> str:
    if has_code(config):
        return (
            "it carries a Lambda layer, that is Python code, which is never run; "
            "replace the layer by a registered one and save the model again."
        )
    missing = unknown_objects(config, custom_objects)
    if missing:
        name = missing[0].rpartition(">")[2]
        return (
            f"{name} is not registered; import the module that defines it (on the command line: give --import with "
            f"it), or pass custom_objects={{{missing[0]!r}: {name}}}."
        )
    return f"Keras cannot read it ({type(error).__name__}: {one_line(error)})."

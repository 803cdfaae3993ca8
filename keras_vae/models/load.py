"""Reading a saved model, with a plain answer when that cannot be done."""

import json
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras

from keras_vae.errors import InvalidInputError
from keras_vae.models.autoencoder import Autoencoder
from keras_vae.models.serialized import has_code, unknown_objects

MOST_CONFIG_BYTES = 2**26
MOST_EXPANSION = 10
"""How much larger than the file its content may be, beside a few MiB; Keras does not compress."""


def load_model(path: str | os.PathLike, custom_objects: Mapping[str, Any] | None = None) -> Autoencoder:
    """Reads an `Autoencoder` from a `.keras` file, with its weights, optimizer state and step.

    Keras's safe mode stays on: a file that carries Python code (a Lambda layer) is refused.

    Args:
        path: the file.
        custom_objects: name -> class or function, for those that are not registered with Keras, see `register`.

    Raises:
        InvalidInputError: if there is no such file, it is damaged, it needs a class that is not known, or it holds
            something else.

    Example:

    >>> vae((8,), 2, units=(4,)).save("model.keras")
    >>> load_model("model.keras").latent_shape
    (2,)
    """
    path = Path(path)
    if not path.is_file():
        raise InvalidInputError(f"{path}: no such file; expected a model saved as .keras.")
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
    """The configuration in the archive; refuses an archive that would fill memory or disk."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            sizes = {member.filename: member.file_size for member in members}
            if sum(member.file_size for member in members) > MOST_EXPANSION * (path.stat().st_size + 2**20):
                raise InvalidInputError(f"{path}: its content is far larger than the file; save the model again.")
            if sizes.get("config.json", 0) > MOST_CONFIG_BYTES:
                raise InvalidInputError(f"{path}: its configuration is too large; save the model again.")
            return json.loads(archive.read("config.json"))
    except InvalidInputError:
        raise
    except Exception as error:  # whatever is wrong with the archive, or with what it holds
        reason = " ".join(str(error).split())[:200]
        raise InvalidInputError(f"{path}: it is a damaged .keras file ({reason}); save the model again.") from error


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
            f"it needs {name!r}, which is not known here; import the module that defines it, "
            f"or pass custom_objects={{{missing[0]!r}: {name}}}."
        )
    return f"Keras cannot read it ({type(error).__name__}: {' '.join(str(error).split())[:200]})."

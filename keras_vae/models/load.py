"""Reading a saved model, with a plain answer when that cannot be done."""

import os
import zipfile
from pathlib import Path

import keras

from keras_vae.errors import InvalidInputError
from keras_vae.models.autoencoder import Autoencoder


def load_model(path: str | os.PathLike) -> Autoencoder:
    """Reads an `Autoencoder` from a `.keras` file, with its weights, optimizer state and step.

    Keras's safe mode stays on: a file that carries Python code (a Lambda layer) is refused.

    Args:
        path: the file.

    Raises:
        InvalidInputError: if there is no such file, it is damaged, or it holds something else.
    """
    path = Path(path)
    if not path.is_file():
        raise InvalidInputError(f"{path}: no such file; expected a model saved as .keras.")
    if path.suffix != ".keras" or not zipfile.is_zipfile(path):
        raise InvalidInputError(f"{path}: it is not a .keras file, or a damaged one; save the model again.")
    try:
        model = keras.saving.load_model(path)
    except Exception as error:  # whatever a damaged or hostile archive provokes inside Keras
        reason = " ".join(str(error).split())
        if "lambda" in reason.lower():
            raise InvalidInputError(
                f"{path}: it carries a Lambda layer, that is Python code, which is never run; "
                "replace the layer by a registered one and save the model again."
            ) from error
        raise InvalidInputError(f"{path}: Keras cannot read it ({type(error).__name__}: {reason[:200]}).") from error
    if not isinstance(model, Autoencoder):
        raise InvalidInputError(f"{path}: expected an Autoencoder of keras_vae, it holds a {type(model).__name__}.")
    return model

"""Loads the model of a preset."""

import os
from collections.abc import Mapping
from typing import Any

from keras_vae.models import Autoencoder, load_model
from keras_vae.presets.find import find_preset


def from_preset(preset: str | os.PathLike, custom_objects: Mapping[str, Any] | None = None) -> Autoencoder:
    """Loads a trained model by name, from a folder or from the Hugging Face Hub.

    The size and the SHA-256 of the model file are compared with the record of the preset. Then `load_model` reads the
    file, which runs no code from it. The model is compiled with Adam, for `evaluate` and further training.

    Args:
        preset: a name in `list_presets`; a folder that `save_to_preset` has written; or `"hf://USER/REPO"`, for a
            repository of the Hugging Face Hub, with an optional branch, tag or commit: `"hf://USER/REPO@REVISION"`.
            Downloads need `pip install 'keras_vae[huggingface]'`, and are kept in the cache of `huggingface_hub`.
        custom_objects: see `load_model`.

    Raises:
        InvalidInputError: if there is no such preset, if it cannot be downloaded, or if its files are damaged or do not
            belong together.

    Example:

    >>> model = from_preset("vae_digits")
    >>> model.sample(4, seed=0).shape
    (4, 8, 8, 1)
    """
    model = load_model(find_preset(preset).model_file(), custom_objects)
    if not model.compiled:
        model.compile()
    return model

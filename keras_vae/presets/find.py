"""Finds presets: those of keras_vae by name, others in folders or on the Hugging Face Hub."""

import os
from pathlib import Path

from keras_vae.errors import InvalidInputError, unknown
from keras_vae.files import expanded
from keras_vae.presets.folder import saved_presets
from keras_vae.presets.hub import PREFIX, download
from keras_vae.presets.model_card import ModelCard
from keras_vae.presets.preset import RECORD, Preset


def list_presets() -> dict[str, ModelCard]:
    """Returns name -> card of the presets that are installed with keras_vae.

    Example:

    >>> print(list_presets()["vae_digits"].title)
    VAE of the 8x8 digits, 8 latents
    """
    return {folder.name: Preset.read(folder).card for folder in _saved()}


def is_preset(source: str | os.PathLike) -> bool:
    """Returns whether a text or path is a preset: a folder with a preset, an address, or a name that is no folder.

    Args:
        source: name of a preset, address `hf://USER/REPO`, or path.

    Example:

    >>> is_preset("vae_digits"), is_preset("hf://user/repo"), is_preset("runs/digits")
    (True, True, False)
    """
    path = expanded(source, part="preset")
    text = os.fspath(source)
    named = text in {folder.name for folder in _saved()} and not path.exists()
    return named or text.startswith(PREFIX) or os.path.isfile(path / RECORD)


def find_preset(preset: str | os.PathLike) -> Preset:
    """Returns a preset, which is downloaded first if it is on the Hugging Face Hub.

    Args:
        preset: see `from_preset`.

    Raises:
        InvalidInputError: if there is no such preset, or it cannot be downloaded.

    Example:

    >>> find_preset("vae_digits").facts["latent"]
    'float32 (8,)'
    """
    folder, text = expanded(preset, part="preset"), os.fspath(preset)
    if text.startswith(PREFIX):
        return Preset.read(download(text))
    saved = {folder.name: folder for folder in _saved()}
    if text in saved:
        return Preset.read(saved[text])
    if os.path.isdir(folder):  # False for a text that cannot be a path
        return Preset.read(folder)
    raise InvalidInputError(f"{unknown(text, saved, part='preset')} Other presets: a folder, or {PREFIX}USER/REPO.")


def _saved() -> list[Path]:
    return sorted(path.parent for path in saved_presets().glob(f"*/{RECORD}"))

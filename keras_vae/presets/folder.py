"""The folder of the presets of keras_vae."""

from pathlib import Path


def saved_presets() -> Path:
    """Returns the folder of the presets, beside this file, or `saved_models/presets` of a clone of the repository.

    Example:

    >>> (saved_presets() / "vae_digits" / "preset.json").is_file()
    True
    """
    installed = Path(__file__).with_name("saved")
    return installed if installed.is_dir() else Path(__file__).parents[2] / "saved_models" / "presets"

"""Saves a model as a preset."""

import os
from pathlib import Path
from typing import Any

import numpy as np

from keras_vae.digest import sha256_of
from keras_vae.errors import InvalidInputError
from keras_vae.files import PARTIAL, expanded, new_parents, partial_folder, write_json
from keras_vae.models import Autoencoder, load_model
from keras_vae.models.facts import facts_of
from keras_vae.presets.compact import PRECISIONS, save_compact
from keras_vae.presets.model_card import ModelCard
from keras_vae.presets.preset import FILES, MODEL, README, RECORD, Preset, check_name
from keras_vae.presets.readme import readme_of
from keras_vae.serialization import get
from keras_vae.version import __version__


def save_to_preset(
    model: Autoencoder,
    preset_dir: str | os.PathLike,
    card: ModelCard | None = None,
    *,
    precision: str = "float32",
    examples: Any = None,
    condition: Any = None,
    metadata: dict[str, Any] | None = None,
    overwrite: bool = False,
) -> Preset:
    """Saves a model as a preset: a folder with `model.keras`, `preset.json` and a card, `README.md`.

    The model is saved without its optimizer, and compressed. The name of the preset is that of the folder.

    Args:
        model: the model.
        preset_dir: a new or empty folder.
        card: what to say about the model. The facts about it, the size and the SHA-256 are added.
        precision: data type of the stored weights: `"float32"`, or `"float16"` for half the size. Loaded weights are
            float32 in both cases. The card tells the loss due to float16.
        examples: examples `(N, *event_shape)` for the loss due to float16, which is the decrease of their mean ELBO.
        condition: conditions of the examples, for a conditional model.
        metadata: entries for the member `metadata.json` of the model file, such as those of a run about its data.
        overwrite: whether to replace a preset in the folder.

    Returns:
        The preset.

    Raises:
        InvalidInputError: for an argument of another type, if the folder contains something else, if the model cannot
            be saved, or if the loss cannot be measured.
        OSError: if the folder cannot be written.

    Example:

    >>> card = ModelCard("VAE of digits", "8x8 digits", data_license="CC BY 4.0")
    >>> preset = save_to_preset(vae((8, 8, 1), 2, units=(16,)), "my_vae", card)
    >>> from_preset("my_vae").latent_shape, preset.facts["weights"]
    ((2,), '2,245')
    """
    folder = expanded(preset_dir, part="preset_dir")
    for part, value, kind in (("model", model, Autoencoder), ("card", card or ModelCard(), ModelCard)):
        if not isinstance(value, kind):
            raise InvalidInputError(f"{part}: expected {kind.__name__}, got {type(value).__name__}.")
    get(precision, PRECISIONS, part="precision")
    if precision != "float32" and (examples is None or not model.has_density):
        raise InvalidInputError(
            f"precision: {precision!r} needs examples and a model with an ELBO, to measure the loss; use 'float32'."
        )
    name = check_name(folder.absolute().name)
    _check_free(folder, overwrite=overwrite)
    with new_parents(folder / MODEL), partial_folder(folder / MODEL) as partial:
        new = partial / MODEL
        save_compact(model, new, precision=precision, metadata=metadata or {})
        loss = None
        if precision != "float32":
            bounds = [one.elbo(examples, condition=condition) for one in (model, load_model(new))]
            loss = float(np.subtract(*bounds, dtype=np.float64).mean())
        preset = Preset(
            name=name,
            card=card or ModelCard(),
            facts=facts_of(model),
            size=new.stat().st_size,
            sha256=sha256_of(new),
            precision=precision,
            loss=loss,
            version=__version__,
            folder=folder,
        )
        (partial / README).write_text(readme_of(preset, model), "utf-8")
        write_json(partial / RECORD, preset.as_dict())
        for file in FILES:
            os.replace(partial / file, folder / file)
    return preset


def _check_free(folder: Path, *, overwrite: bool) -> None:
    if folder.is_file():
        raise InvalidInputError(f"{folder}: it is a file; expected a folder for the preset.")
    names = {path.name for path in folder.iterdir() if PARTIAL not in path.name} if folder.is_dir() else set()
    if names - {*FILES} or (names and RECORD not in names):
        raise InvalidInputError(f"{folder}: expected a folder with no other files; choose another.")
    if names and not overwrite:
        raise InvalidInputError(f"{folder}: it contains a preset; use overwrite=True or another folder.")

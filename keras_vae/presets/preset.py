"""The folder of a preset."""

import dataclasses
import os
import re
from pathlib import Path
from typing import Any

from keras_vae.checks import is_integer, is_number
from keras_vae.digest import sha256_of
from keras_vae.errors import InvalidInputError, one_line
from keras_vae.files import read_json
from keras_vae.presets.model_card import ModelCard

MODEL, RECORD, README = "model.keras", "preset.json", "README.md"
FILES = (MODEL, RECORD, README)
FORMAT = 1
MOST_RECORD_BYTES = 2**20


@dataclasses.dataclass(frozen=True)
class Preset:
    """A folder with a model, its record and its card.

    - `model.keras`: the model without its optimizer.
    - `preset.json`: the attributes below. `read` and `model_file` use only this file and the model.
    - `README.md`: the card as the Hugging Face Hub shows it, written from `preset.json`.

    Attributes:
        name: name of the preset.
        card: what its author says about it.
        facts: name -> text, about the parts of the model.
        size: size of `model.keras` in bytes.
        sha256: SHA-256 of `model.keras`, in 64 hexadecimal digits.
        precision: data type of the stored weights.
        loss: decrease of the mean ELBO due to the precision, in nats per example; None for float32.
        version: version of keras_vae that saved it.
        folder: the folder.

    Raises:
        InvalidInputError: if the name is not one of a folder.

    Example:

    >>> preset = kv.presets.find_preset("vae_digits")
    >>> preset.name, preset.precision, preset.card.data_license
    ('vae_digits', 'float32', 'CC BY 4.0 (UCI Machine Learning Repository)')
    """

    name: str
    card: ModelCard
    facts: dict[str, str]
    size: int
    sha256: str
    precision: str = "float32"
    loss: float | None = None
    version: str = ""
    folder: Path = dataclasses.field(default_factory=Path, compare=False)

    def __post_init__(self):
        check_name(self.name)

    @classmethod
    def read(cls, folder: str | os.PathLike) -> "Preset":
        """Reads the record of a preset.

        Raises:
            InvalidInputError: if the folder contains no preset, or its record is damaged or of a later version.
        """
        folder = Path(folder)
        path = folder / RECORD
        if not path.is_file():
            raise InvalidInputError(f"{folder}: no preset there (it has no {RECORD}); write one with save_to_preset.")
        if path.stat().st_size > MOST_RECORD_BYTES:
            raise InvalidInputError(f"{path}: it is damaged (it is too large); get the preset again.")
        record = read_json(path)
        try:
            if record.get("format") != FORMAT:
                raise ValueError(f"expected format {FORMAT}, got {record.get('format')!r}, of a later keras_vae")
            fields = {name: value for name, value in record.items() if name != "format"}
            preset = cls(**{**fields, "card": ModelCard.from_dict(record["card"]), "folder": folder})
            texts = (preset.sha256, preset.precision, preset.version, *preset.facts.values())
            numbers = is_integer(preset.size) and (preset.loss is None or is_number(preset.loss))
            if not numbers or not all(isinstance(text, str) for text in texts):
                raise ValueError("expected texts, and the size and the loss as numbers")
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise InvalidInputError(f"{path}: it is damaged ({one_line(error)}); get the preset again.") from error
        return preset

    def as_dict(self) -> dict[str, Any]:
        """Returns the record, for JSON."""
        fields = {name: value for name, value in vars(self).items() if name != "folder"}
        return {"format": FORMAT, **fields, "card": self.card.as_dict()}

    def model_file(self) -> Path:
        """Returns the path of the model, after a comparison of the file with the record.

        Raises:
            InvalidInputError: if the file is missing, cut or changed.
        """
        path = self.folder / MODEL
        if not path.is_file():
            raise InvalidInputError(f"{path}: no such file; get the preset again.")
        size, found = path.stat().st_size, sha256_of(path)
        if (size, found) != (self.size, self.sha256):
            raise InvalidInputError(
                f"{path}: expected {self.size:,} bytes with the SHA-256 {self.sha256[:12]}..., got {size:,} bytes with "
                f"{found[:12]}...; the file is cut or was changed, get the preset again."
            )
        return path


def check_name(name: str) -> str:
    """Returns the name of a preset, which becomes part of paths; raises `InvalidInputError` for another name."""
    if not isinstance(name, str) or not re.fullmatch(r"\w[\w.-]*", name):
        raise InvalidInputError(f"name of a preset: expected letters, digits, '.', '_' and '-', got {name!r}.")
    return name


def name_of_preset(model_file: Path) -> str | None:
    """Returns the name of the preset that a model file belongs to; None for another file."""
    belongs = model_file.name == MODEL and (model_file.parent / RECORD).is_file()
    return Preset.read(model_file.parent).name if belongs else None

"""The record of the data options in a model file, so that later data are read in the same way."""

import json
import zipfile
from pathlib import Path
from typing import Any

from keras_vae.errors import InvalidInputError, one_line
from keras_vae.models.load import METADATA
from keras_vae.training.config import FOLDER_OPTIONS, TABLE_OPTIONS, TrainingConfig
from keras_vae.training.run import Run

KEY = "data_options"
RECORDED = (*TABLE_OPTIONS, "decimals", *FOLDER_OPTIONS, "image_size", "validation", "test", "seed", "binarize")
MOST_BYTES = 2**26


def record_of(config: TrainingConfig) -> dict[str, Any]:
    """Returns the record as metadata for `Run.save_model`."""
    values = config.as_dict()
    return {KEY: {name: values[name] for name in RECORDED}}


def config_of(source: Path) -> TrainingConfig | None:
    """Returns the configuration of a run folder, or the record of a model file with defaults for the other options.

    Returns None if the model file does not exist, is damaged, or has no record because no run has saved it.

    Raises:
        InvalidInputError: if the configuration or the record cannot be used.
    """
    run = Run(source)
    if run.exists:
        return run.config()
    if not source.is_file() or not zipfile.is_zipfile(source):
        return None
    try:
        with zipfile.ZipFile(source) as archive:
            if METADATA not in archive.namelist():
                return None
            if archive.getinfo(METADATA).file_size > MOST_BYTES:
                raise ValueError("it is too large")
            metadata = json.loads(archive.read(METADATA))
        if not isinstance(metadata, dict) or KEY not in metadata:
            return None
        record = metadata[KEY]
        if not isinstance(record, dict) or set(record) - {*RECORDED}:
            raise ValueError(f"expected a mapping of {', '.join(RECORDED)}")
        return TrainingConfig().replace(**record)
    except (ValueError, RuntimeError, OSError, zipfile.BadZipFile) as error:
        raise InvalidInputError(
            f"{source}: its record of the data is damaged ({one_line(error)}); copy the file from its run again."
        ) from error

"""What a run records in its model file: how its data were read, so that other data are read alike."""

import json
import zipfile
from pathlib import Path

from keras_vae.errors import InvalidInputError, one_line
from keras_vae.training.config import FOLDER_OPTIONS, TABLE_OPTIONS, TrainingConfig
from keras_vae.training.run import Run

MEMBER = "data_options.json"
RECORDED = (*TABLE_OPTIONS, *FOLDER_OPTIONS, "image_size", "validation", "test", "seed", "binarize")
MOST_BYTES = 2**26


def record_of(config: TrainingConfig) -> dict[str, str]:
    """Returns the member of the archive with the record, for `Run.save_model`."""
    values = config.as_dict()
    return {MEMBER: json.dumps({name: values[name] for name in RECORDED})}


def config_of(source: Path) -> TrainingConfig | None:
    """Returns the configuration of a run folder, or what a model file records of it with defaults for the rest.

    None for a model file without a record, which no run has saved, and for one that is not there or damaged.

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
            if MEMBER not in archive.namelist():
                return None
            if archive.getinfo(MEMBER).file_size > MOST_BYTES:
                raise ValueError("it is too large")
            record = json.loads(archive.read(MEMBER))
        if not isinstance(record, dict) or set(record) - {*RECORDED}:
            raise ValueError(f"expected a mapping of {', '.join(RECORDED)}")
        return TrainingConfig().replace(**record)
    except (ValueError, RuntimeError, OSError, zipfile.BadZipFile) as error:
        raise InvalidInputError(
            f"{source}: its record of the data is damaged ({one_line(error)}); copy the file from its run again."
        ) from error

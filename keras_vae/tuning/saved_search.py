"""The files of a search. A process may be killed at any moment, and the next one continues the search."""

import contextlib
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from keras_tuner.errors import FatalError
from keras_tuner.src import utils as tuner_files
from keras_tuner.src.engine import tuner_utils

from keras_vae.files import disk_errors, new_parents, read_json, write_json, write_whole
from keras_vae.models.load import WEIGHTS

ENDED = ("COMPLETED", "FAILED")


@contextlib.contextmanager
def whole_files() -> Iterator[None]:
    """Lets keras-tuner write its files atomically.

    It writes them in place. A kill while it writes leaves a damaged file, which no later process can read. On a full
    disk, HDF5 cannot even close the file of the weights, and crashes at the end of the process; Keras makes the one
    within a `.keras` file in memory.
    """

    def save_json(path: str, content: Any) -> None:
        write_json(Path(path), content)

    original, saves_best = tuner_files.save_json, tuner_utils.SaveBestEpoch
    tuner_files.save_json, tuner_utils.SaveBestEpoch = save_json, _SaveBestEpoch
    try:
        yield
    finally:
        tuner_files.save_json, tuner_utils.SaveBestEpoch = original, saves_best


class _SaveBestEpoch(tuner_utils.SaveBestEpoch):
    def _save_model(self) -> None:
        target = Path(self.filepath)
        with new_parents(target):
            write_whole(target, self._write)

    def _write(self, path: Path) -> None:
        whole = path.with_name("model.keras")
        self.model.save(whole)
        with zipfile.ZipFile(whole) as archive, archive.open(WEIGHTS) as weights, path.open("wb") as file:
            shutil.copyfileobj(weights, file)


class DiskError(FatalError, OSError):
    """An error of the disk. It ends the search; after any other error in a trial, keras-tuner tries the next one."""


@contextlib.contextmanager
def fatal_disk_errors(folder: Path) -> Iterator[None]:
    """Converts each error of a disk to a `DiskError`, which names `folder` unless it names another file."""
    try:
        with disk_errors(folder):
            yield
    except OSError as error:
        raise DiskError(error.errno, error.strerror or str(error), error.filename) from error


def agree(folder: Path) -> None:
    """Makes the list of trials in `folder` agree with the files of the trials.

    keras-tuner saves a trial, and then the list. After a kill in between, the list does not name a trial that has
    begun, which would never end, and names as running a trial that has ended, which would be run again.

    Args:
        folder: the folder with `oracle.json` and a folder per trial. Nothing is done if there is no list.

    Raises:
        InvalidInputError: if a file is damaged.
    """
    path = folder / "oracle.json"
    if not path.exists():
        return
    state = read_json(path)
    status = {}
    for file in folder.glob("trial_*/trial.json"):
        trial = read_json(file)
        status[trial["trial_id"]] = trial["status"]
        if trial["trial_id"] not in state["start_order"]:
            shutil.rmtree(file.parent)
    ended = {worker: trial for worker, trial in state["ongoing_trials"].items() if status.get(trial) in ENDED}
    for worker, trial in ended.items():
        del state["ongoing_trials"][worker]
        state["end_order"].append(trial)
    if ended:
        write_json(path, state)

"""The files of a search. A process may be killed at any moment, and the next one continues the search."""

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from keras_tuner.src import utils as tuner_files

from keras_vae.files import read_json, write_json

ENDED = ("COMPLETED", "FAILED")


@contextlib.contextmanager
def whole_files() -> Iterator[None]:
    """Lets keras-tuner write its JSON files atomically.

    It writes them in place. A kill while it writes leaves an empty file, which no later process can read.
    """

    def save_json(path: str, content: Any) -> None:
        write_json(Path(path), content)

    original = tuner_files.save_json
    tuner_files.save_json = save_json
    try:
        yield
    finally:
        tuner_files.save_json = original


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

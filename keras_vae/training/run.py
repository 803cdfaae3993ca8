"""A run folder: the files that a training run writes and resumes from."""

import contextlib
import csv
import io
import json
import os
import platform
import shlex
import shutil
import zipfile
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from keras_vae.data import SplitDataset
from keras_vae.digest import differences
from keras_vae.errors import InvalidInputError, one_line
from keras_vae.files import names_in, new_parents, read_json, write_json, write_whole
from keras_vae.locks import LOCK, locked
from keras_vae.models import Autoencoder, load_model
from keras_vae.models.load import METADATA
from keras_vae.optimizers import AverageWeights
from keras_vae.text import read_text
from keras_vae.training.config import TrainingConfig
from keras_vae.version import __version__

DATA, ENVIRONMENT = "data.json", "environment.json"
NEWEST, PREVIOUS, BEST = "checkpoint.keras", "checkpoint-previous.keras", "best.keras"
PACKAGES = ("tensorflow", "keras", "tensorflow-probability", "numpy", "keras-tuner", "tensorflow-datasets")


class Run:
    """The folder of a training run. Each file is written atomically.

    - `config.json`: the configuration, which suffices to repeat the run.
    - `data.json`: digests of the data, to detect changes.
    - `environment.json`: versions of packages, and the machine.
    - `history.csv`: one row of metrics per finished epoch.
    - `checkpoint.keras`, `checkpoint-previous.keras`: the last two checkpoints, until the run has finished.
    - `best.keras`: with early stopping, the model after the best epoch so far, until the run has finished.
    - `model.keras`: the trained model, with its optimizer.
    - `evaluation.json`, `evaluation.html`, `pictures/`: the last evaluation, which is the quick one at the end of
      training or that of `keras-vae evaluate --report`.
    - `logs/`: logs for TensorBoard and Weights & Biases, on request.

    Args:
        path: the folder.

    Example:

    >>> Run("runs/digits").exists
    False
    """

    FILES = (
        "config.json",
        DATA,
        ENVIRONMENT,
        "history.csv",
        NEWEST,
        PREVIOUS,
        BEST,
        "model.keras",
        "evaluation.json",
        "evaluation.html",
        "pictures",
        "logs",
    )

    def __init__(self, path: str | os.PathLike):
        self.path = Path(path)

    def __getitem__(self, name: str) -> Path:
        """Returns the path of a file in the folder."""
        return self.path / name

    @property
    def exists(self) -> bool:
        """Whether the folder contains a run."""
        return self["config.json"].is_file()

    @classmethod
    def open(cls, path: str | os.PathLike) -> "Run":
        """Returns the run in `path`.

        Raises:
            InvalidInputError: if `path` contains no run.
        """
        run = cls(path)
        if not run.exists:
            inside = sorted(config.parent for config in run.path.glob("*/config.json"))
            remedy = (
                f"name a run in it, such as {inside[0]}" if inside else f"train one with --out {shlex.quote(str(path))}"
            )
            raise InvalidInputError(f"{path}: no run there (it has no config.json); {remedy}.")
        return run

    def check_free(self, *, overwrite: bool = False) -> None:
        """Checks that the folder can be used for a new run, and changes nothing.

        Raises:
            InvalidInputError: if the folder is not empty; with `overwrite`, only if its content is not a run.
        """
        if self.path.is_file():
            raise InvalidInputError(f"{self.path}: it is a file; expected a folder for the run.")
        names = names_in(self.path)
        if not names or (names <= {ENVIRONMENT, DATA} and self._was_starting()):
            return
        if not overwrite:
            hint = "use --resume to continue, --overwrite to start again, or" if self.exists else "choose"
            raise InvalidInputError(f"{self.path}: it exists and is not empty; {hint} another --out.")
        if not self.exists:
            raise InvalidInputError(f"{self.path}: it is not a run, so --overwrite leaves it; choose another --out.")

    def _was_starting(self) -> bool:
        """Whether the folder has the first file that `start` writes; it then has no configuration if it was killed."""
        with contextlib.suppress(InvalidInputError, OSError):
            return "keras_vae" in self.read_json(ENVIRONMENT)
        return False

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Locks the folder against other processes. Creates the folder, and removes it at the end if it is empty.

        Raises:
            InvalidInputError: if another process has the lock; the message names the process.
            OSError: if the folder cannot be written.
        """
        with new_parents(self[LOCK]), locked(self.path):
            yield

    def start(self, config: TrainingConfig, data: SplitDataset | None = None, *, overwrite: bool = False) -> None:
        """Creates the folder of a new run.

        Args:
            config: the configuration of the run.
            data: the data of the run, whose digests are recorded for a resume.
            overwrite: whether to replace an existing run.

        Raises:
            InvalidInputError: see `check_free`.
            OSError: if the folder cannot be written.
        """
        self.check_free(overwrite=overwrite)
        self.clear()
        self.path.mkdir(parents=True, exist_ok=True)
        self.write_json(ENVIRONMENT, environment())
        if data is not None:
            self.write_json(DATA, data.digests())
        self.write_json("config.json", config.as_dict())

    def changed_data(self, data: SplitDataset) -> list[str] | None:
        """Returns what has changed in the data, such as "training labels"; None if the run has no digests.

        Raises:
            InvalidInputError: if the digests are damaged.
        """
        if not self[DATA].exists():
            return None
        before = self.read_json(DATA)
        if not isinstance(before, dict):
            raise InvalidInputError(
                f"{self[DATA]}: it is damaged (expected digests by name); put the file back, or remove it."
            )
        return differences(before, data.digests())

    def clear(self) -> None:
        """Removes the files of the run, and no other files; the configuration last, so that it is a run until then."""
        for name in reversed(self.FILES):
            if self[name].is_dir():
                shutil.rmtree(self[name])
            else:
                self[name].unlink(missing_ok=True)

    def config(self) -> TrainingConfig:
        """Returns the configuration of the run."""
        return TrainingConfig.read(self["config.json"])

    @property
    def is_finished(self) -> bool:
        """Whether the training has finished."""
        return self["model.keras"].exists() and not self[NEWEST].exists()

    def model(self) -> Autoencoder:
        """Loads the trained model.

        Before the training has finished, this is the model of the best epoch if the run keeps it, or else that of the
        newest checkpoint.

        Raises:
            InvalidInputError: if the run has saved no model yet, or none can be read.
        """
        saved = [name for name in (BEST, NEWEST, PREVIOUS) if self[name].exists()]
        names = ["model.keras"] if self.is_finished else saved
        if not names:
            raise InvalidInputError(
                f"{self.path}: the run has no model yet; continue with `keras-vae train --resume --out "
                f"{shlex.quote(str(self.path))}`."
            )
        for name in names[:-1]:
            with contextlib.suppress(InvalidInputError):  # the error of the last file is raised
                return self._load(name)
        return self._load(names[-1])

    def _load(self, name: str) -> Autoencoder:
        model = load_model(self[name])
        if name in (NEWEST, PREVIOUS):  # the other files contain the averages
            AverageWeights.apply(model)
        return model

    def save_model(
        self,
        model: Autoencoder,
        name: str,
        members: Mapping[str, str] | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        """Saves the model, its optimizer and its step.

        Args:
            model: the model.
            name: name of the file.
            members: further text files of the archive. Keras then extracts the archive to the disk to load it.
            metadata: further entries of the member `metadata.json`.
        """

        def write(path):
            model.save(path)
            with zipfile.ZipFile(path, "a") as archive:
                for member, text in (members or {}).items():
                    archive.writestr(member, text)
                if metadata:
                    before = archive.getinfo(METADATA)
                    text = json.dumps({**json.loads(archive.read(before)), **metadata})
                    archive.filelist.remove(before)
                    del archive.NameToInfo[METADATA]
                    archive.writestr(METADATA, text)

        write_whole(self[name], write)

    def write_json(self, name: str, content: Any) -> None:
        """Writes `content` to the JSON file `name`."""
        write_json(self[name], content)

    def write_text(self, name: str, text: str) -> None:
        """Writes `text` to the file `name`."""
        write_whole(self[name], lambda path: path.write_text(text, "utf-8"))

    def read_json(self, name: str) -> Any:
        """Reads the JSON file `name`.

        Raises:
            InvalidInputError: if the file is damaged.
        """
        return read_json(self[name])

    def read_history(self) -> dict[str, list[float]]:
        """Reads the history: metric -> its values, one per finished epoch; `epoch` counts from 1.

        Raises:
            InvalidInputError: if the file is damaged.
        """
        if not self["history.csv"].exists():
            return {}
        try:
            return _parse_history(read_text(self["history.csv"]))
        except (ValueError, csv.Error) as error:  # ValueError: not a number, or not UTF-8
            raise InvalidInputError(
                f"{self['history.csv']}: it is damaged ({one_line(error)}); put the file back as training wrote it."
            ) from error

    def write_history(self, history: dict[str, list[float]]) -> None:
        """Writes the history, in place of the current one."""
        if not history:
            return
        rows = zip(*history.values(), strict=True)
        lines = [",".join(history), *(",".join(map(repr, row)) for row in rows)]
        self.write_text("history.csv", "\n".join(lines) + "\n")


def _parse_history(text: str) -> dict[str, list[float]]:
    """Parses the text of a history; raises `ValueError` or `csv.Error` if it is not valid."""
    names, *rows = csv.reader(io.StringIO(text), strict=True) if text else [[]]
    columns = {name: [float(row[i]) for row in rows if len(row) == len(names)] for i, name in enumerate(names)}
    epochs = list(range(1, len(rows) + 1))
    if len(columns) != len(names) or columns.get("epoch") != epochs or not text.endswith("\n"):
        raise ValueError(f"expected the epochs 1, 2, ... in whole rows below different names, got {text[-60:]!r}")
    return {**columns, "epoch": [*epochs]} if rows else {}  # epochs as integers, as they were written


def environment() -> dict[str, str]:
    """Returns the versions of the packages, and a description of the machine.

    Example:

    >>> list(environment())[:3]
    ['keras_vae', 'python', 'tensorflow']
    """
    versions = {"keras_vae": __version__, "python": platform.python_version()}
    for package in PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            versions[package] = "not installed"
    return {**versions, "platform": platform.platform(), "processor": platform.machine()}

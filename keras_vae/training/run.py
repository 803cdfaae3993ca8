"""A run folder: what a training run leaves behind, and what it resumes from."""

import contextlib
import csv
import io
import json
import os
import platform
import shutil
import zipfile
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from keras_vae.data import SplitDataset
from keras_vae.digest import differences
from keras_vae.errors import InvalidInputError, one_line
from keras_vae.files import new_parents, read_json, write_json, write_whole
from keras_vae.locks import LOCK, locked
from keras_vae.models import Autoencoder, load_model
from keras_vae.optimizers import AverageWeights
from keras_vae.text import read_text
from keras_vae.training.config import TrainingConfig
from keras_vae.version import __version__

NEWEST, PREVIOUS, BEST = "checkpoint.keras", "checkpoint-previous.keras", "best.keras"
METADATA = "metadata.json"
"""The member of a `.keras` archive in which Keras writes its version and the date."""

PACKAGES = ("tensorflow", "keras", "tensorflow-probability", "numpy", "keras-tuner", "tensorflow-datasets")


class Run:
    """A folder with these files, each written as a whole or not at all.

    - `config.json`: the configuration, enough to repeat the run.
    - `data.json`: digests of the data, to notice changes.
    - `environment.json`: versions and machine.
    - `history.csv`: a row of metrics per finished epoch.
    - `checkpoint.keras`, `checkpoint-previous.keras`: where the run goes on, until it has finished.
    - `best.keras`: with early stopping, the model after the best epoch so far, until the run has finished.
    - `model.keras`: the trained model, with its optimizer.
    - `evaluation.json`, `evaluation.html`, `pictures/`: the last evaluation, a quick one at the end of training or that
      of `keras-vae evaluate --report`.
    - `logs/`: TensorBoard's, when asked for.

    Args:
        path: the folder.
    """

    FILES = (
        "config.json",
        "data.json",
        "environment.json",
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
        """Path of one of its files."""
        return self.path / name

    @property
    def exists(self) -> bool:
        """Whether the folder holds a run."""
        return self["config.json"].is_file()

    @classmethod
    def open(cls, path: str | os.PathLike) -> "Run":
        """The run in `path`.

        Raises:
            InvalidInputError: if there is none.
        """
        run = cls(path)
        if not run.exists:
            raise InvalidInputError(f"{path}: no run there (it has no config.json); train one with --out {path}.")
        return run

    def check_free(self, *, overwrite: bool = False) -> None:
        """Checks that a new run may be put here, and changes nothing.

        Raises:
            InvalidInputError: if something is there already; with `overwrite`, only if it is no run.
        """
        if self.path.is_file():
            raise InvalidInputError(f"{self.path}: it is a file; expected a folder for the run.")
        if not self.path.is_dir() or not {path.name for path in self.path.iterdir()} - {LOCK}:
            return
        if not overwrite:
            hint = "use --resume to go on, --overwrite to start again, or" if self.exists else "choose"
            raise InvalidInputError(f"{self.path}: it exists and is not empty; {hint} another --out.")
        if not self.exists:
            raise InvalidInputError(f"{self.path}: it is not a run, so --overwrite leaves it; choose another --out.")

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Keeps other processes from writing here meanwhile; makes the folder, which goes again if it stays empty.

        Raises:
            InvalidInputError: if another process is writing here; the message names it.
            OSError: if the folder cannot be written.
        """
        with new_parents(self[LOCK]), locked(self.path):
            yield

    def start(self, config: TrainingConfig, data: SplitDataset | None = None, *, overwrite: bool = False) -> None:
        """Makes the folder for a new run, in place of the one that is there.

        Args:
            config: of the run.
            data: of the run, to recognise them when it goes on.
            overwrite: replace the run that is there.

        Raises:
            InvalidInputError: see `check_free`.
            OSError: if the folder cannot be written.
        """
        self.check_free(overwrite=overwrite)
        self.clear()
        self.path.mkdir(parents=True, exist_ok=True)
        self.write_json("environment.json", environment())
        if data is not None:
            self.write_json("data.json", data.digests())
        self.write_json("config.json", config.as_dict())

    def changed_data(self, data: SplitDataset) -> list[str] | None:
        """What differs between the data of the run and these, such as "training labels"; None if that is not known.

        Raises:
            InvalidInputError: if the digests are damaged.
        """
        if not self["data.json"].exists():
            return None
        before = self.read_json("data.json")
        if not isinstance(before, dict):
            raise InvalidInputError(
                f"{self['data.json']}: it is damaged (expected digests by name); put the file back, or remove it."
            )
        return differences(before, data.digests())

    def clear(self) -> None:
        """Removes the files of the run and nothing else."""
        for name in self.FILES:
            if self[name].is_dir():
                shutil.rmtree(self[name])
            else:
                self[name].unlink(missing_ok=True)

    def config(self) -> TrainingConfig:
        """The configuration that the run was started with."""
        return TrainingConfig.read(self["config.json"])

    @property
    def is_finished(self) -> bool:
        """Whether the training has ended, and not stopped on the way."""
        return self["model.keras"].exists() and not self[NEWEST].exists()

    def model(self) -> Autoencoder:
        """The trained model, or the latest one that the run has saved.

        Before the training has ended, it is that of the best epoch if the run keeps it, or that of the newest
        checkpoint.

        Raises:
            InvalidInputError: if there is none yet, or none can be read.
        """
        names = [name for name in (BEST, NEWEST, PREVIOUS) if self[name].exists()]
        if self.is_finished or not names:
            names = ["model.keras"]
        if not self[names[0]].exists():
            raise InvalidInputError(
                f"{self.path}: the run has no model yet; go on with `keras-vae train --resume --out {self.path}`."
            )
        for name in names[:-1]:
            with contextlib.suppress(InvalidInputError):  # the last one says what is wrong
                return self._load(name)
        return self._load(names[-1])

    def _load(self, name: str) -> Autoencoder:
        model = load_model(self[name])
        if name in (NEWEST, PREVIOUS):  # the others have the averages
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
            members: further texts for the archive. Keras then extracts the archive to the disk when it loads it.
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
        """Writes `content` as JSON under `name`."""
        write_json(self[name], content)

    def write_text(self, name: str, text: str) -> None:
        """Writes `text` under `name`."""
        write_whole(self[name], lambda path: path.write_text(text, "utf-8"))

    def read_json(self, name: str) -> Any:
        """What `write_json` wrote under `name`.

        Raises:
            InvalidInputError: if it is damaged.
        """
        return read_json(self[name])

    def read_history(self) -> dict[str, list[float]]:
        """The metrics of each finished epoch, by name; `epoch` counts from 1.

        Raises:
            InvalidInputError: if the file is damaged.
        """
        if not self["history.csv"].exists():
            return {}
        try:
            return _parse_history(read_text(self["history.csv"]))
        except (ValueError, csv.Error) as error:  # ValueError: no number, or no UTF-8
            raise InvalidInputError(
                f"{self['history.csv']}: it is damaged ({one_line(error)}); put the file back as training wrote it."
            ) from error

    def write_history(self, history: dict[str, list[float]]) -> None:
        """Replaces the history."""
        if not history:
            return
        rows = zip(*history.values(), strict=True)
        lines = [",".join(history), *(",".join(map(repr, row)) for row in rows)]
        self.write_text("history.csv", "\n".join(lines) + "\n")


def _parse_history(text: str) -> dict[str, list[float]]:
    """What `Run.write_history` wrote; raises `ValueError` or `csv.Error` for anything else."""
    names, *rows = csv.reader(io.StringIO(text), strict=True) if text else [[]]
    columns = {name: [float(row[i]) for row in rows if len(row) == len(names)] for i, name in enumerate(names)}
    epochs = list(range(1, len(rows) + 1))
    if len(columns) != len(names) or columns.get("epoch") != epochs or not text.endswith("\n"):
        raise ValueError(f"expected the epochs 1, 2, ... in whole rows below different names, got {text[-60:]!r}")
    return {**columns, "epoch": [*epochs]} if rows else {}  # whole numbers, as they were written


def environment() -> dict[str, str]:
    """Versions and machine, for the record."""
    versions = {"keras_vae": __version__, "python": platform.python_version()}
    for package in PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            versions[package] = "not installed"
    return {**versions, "platform": platform.platform(), "processor": platform.machine()}

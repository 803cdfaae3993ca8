"""Loads and unloads the models in a folder."""

import enum
import logging
import os
import shlex
import stat
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from keras_vae.errors import InvalidInputError, one_line
from keras_vae.serving import warmup
from keras_vae.serving.server.model_folders import Policy, find_models, read_policies
from keras_vae.serving.server.model_version import ModelVersion
from keras_vae.serving.server.request_error import Code, RequestError, invalid

log = logging.getLogger("keras_vae.serving")


class State(enum.IntEnum):
    """The state of a version, with the numbers of TensorFlow Serving."""

    START = 10
    LOADING = 20
    AVAILABLE = 30
    UNLOADING = 40
    END = 50


@dataclass(frozen=True)
class Status:
    """The status of a version.

    Attributes:
        state: state of the version.
        error: error of a failed load.
        fingerprint: names, sizes and times of its files at the last load.
        model_version: the loaded version, while it is available.
    """

    state: State
    error: str | None = None
    fingerprint: object = None
    model_version: ModelVersion | None = None


class Repository:
    """The models in a folder.

    `poll` reads the folder once, in any thread. It loads new versions and runs their warm-up requests, then unloads old
    versions. Loaded versions never change, and remain in memory while a request uses them. If no new version can be
    loaded, the old versions remain. A model that cannot be read, or blocks, does not delay other models.

    Args:
        base: the folder, see `find_models`.
        policy: the default policy for models without an entry in `models.config`.
        load: function of name, version and folder that loads a version.
        on_load: called after each load with the name, the version and whether the load succeeded.

    Raises:
        InvalidInputError: if the folder does not exist.
    """

    def __init__(
        self,
        base: Path,
        policy: Policy = Policy(),  # noqa: B008, a frozen value
        *,
        load: Callable[[str, int, Path], ModelVersion] = ModelVersion,
        on_load: Callable[[str, int, bool], None] = lambda *_: None,
    ):
        if not base.is_dir():
            raise InvalidInputError(f"{base}: no such folder; expected a folder with models, such as saved_models.")
        if (base / "model.keras").is_file():
            raise InvalidInputError(
                f"{base}: expected a folder with exported models, got one with a model.keras; export it first: "
                f"`keras-vae export {shlex.quote(str(base))} saved_models/NAME`."
            )
        self.base = base
        self.policy = policy
        self._load = load
        self._on_load = on_load
        self._models: Mapping[str, Mapping[int, Status]] = {}
        self._policies: Mapping[str, Policy] = {}
        self._logged_problems: set[str] = set()
        self._errors: dict[str, str] = {}
        self._threads: dict[str, threading.Thread] = {}
        self._lock = threading.Lock()

    @property
    def models(self) -> Mapping[str, Mapping[int, Status]]:
        """Name -> version -> current status."""
        return self._models

    def labels(self, name: str) -> Mapping[str, int]:
        """Returns label -> version of a model."""
        return self._policies.get(name, self.policy).labels

    def poll(self, load_seconds: float = 60.0) -> None:
        """Reads the folder once, and loads and unloads versions.

        Args:
            load_seconds: maximum seconds to wait for each model. A model that takes longer loads in the background.
        """
        problems: list[str] = []
        try:
            folders = find_models(self.base)
        except (OSError, RuntimeError) as error:
            problems.append(f"{self.base}: cannot read the folder: {error}; the loaded versions remain")
            folders = None
        problems += self._read_policies()
        if folders is not None:
            problems += folders.problems
            for name in sorted((set(self._models) | set(folders.models)) - folders.unreadable):
                problems += self._update_within(load_seconds, name, folders.models.get(name, {}))
        for line in problems:
            if line not in self._logged_problems:
                log.error(line)
        self._logged_problems = set(problems)

    def _update_within(self, load_seconds, name, folders) -> list[str]:
        """Updates a model in a separate thread, so that a blocking file does not delay the other models."""
        thread = self._threads.get(name)
        if thread is None or not thread.is_alive():
            thread = threading.Thread(target=self._try_to_update, args=(name, folders), daemon=True)
            self._threads[name] = thread
            thread.start()
            thread.join(load_seconds)
        if thread.is_alive():
            return [f"{name}: loading continues in the background"]
        return [self._errors[name]] if name in self._errors else []

    def _try_to_update(self, name, folders):
        self._errors.pop(name, None)
        try:
            self._update(name, folders)
        except Exception as error:  # a folder may change or disappear at the same time
            self._errors[name] = f"{name}: the update failed: {error}; the server tries again"

    def get(self, name: str, version: int | None = None, label: str | None = None) -> ModelVersion:
        """Returns an available version by number or label; by default the newest version.

        Raises:
            RequestError: if there is no such version.
        """
        version = self._version_number(name, version, label)
        statuses = self._models.get(name, {}).items()
        available = {
            number: status.model_version
            for number, status in statuses
            if status.state == State.AVAILABLE and status.model_version is not None
        }
        if version is None and available:
            return available[max(available)]
        if version not in available:
            description = f"Latest({name})" if version is None else f"Specific({name}, {version})"
            raise RequestError(Code.NOT_FOUND, f"Servable not found for request: {description}")
        return available[version]

    def statuses(self, name: str, version: int | None = None, label: str | None = None) -> dict[int, Status]:
        """Returns version -> status, the newest version first.

        Raises:
            RequestError: if there is no such model or version.
        """
        version = self._version_number(name, version, label)
        statuses = self._models.get(name, {})
        selected_versions = {n: statuses[n] for n in sorted(statuses, reverse=True) if version in (None, n)}
        if not selected_versions:
            description = f"model {name}" if version is None else f"model {name} with version {version}"
            raise RequestError(Code.NOT_FOUND, f"Could not find any versions of {description}")
        return selected_versions

    def _version_number(self, name, version, label):
        if label is None:
            return version
        if label not in self.labels(name):
            raise invalid(f"Unrecognized servable version label: {label}")
        return self.labels(name)[label]

    def _read_policies(self) -> list[str]:
        try:
            self._policies = read_policies(self.base, self.policy)
        except InvalidInputError as error:
            return [f"{error} The previous configuration remains in use."]
        return []

    def _update(self, name, folders):
        selected_versions = self._policies.get(name, self.policy).select(folders)
        for version in sorted(selected_versions, reverse=True):
            self._load_version(name, version, folders[version])
        statuses = self._models.get(name, {})
        available = {version for version, status in statuses.items() if status.state == State.AVAILABLE}
        has_replacement = not folders or available & selected_versions
        for version in sorted(available - selected_versions):
            if has_replacement or version not in folders:
                log.info("%s version %d: unloaded", name, version)
                self._set(name, version, Status(State.END))

    def _load_version(self, name, version, folder):
        status = self._models.get(name, {}).get(version, Status(State.START))
        fingerprint = _fingerprint(folder)
        if status.state == State.AVAILABLE or (status.error is not None and status.fingerprint == fingerprint):
            return
        self._set(name, version, Status(State.LOADING))
        try:
            _check_files(folder)
            model_version = self._load(name, version, folder)
            warmup_requests = _warm_up(model_version)
        except Exception as error:  # a damaged SavedModel raises errors of many classes
            reason = one_line(error, 300)
            log.error("%s version %d: loading failed: %s", name, version, reason)
            self._set(name, version, Status(State.END, reason, fingerprint))
            self._on_load(name, version, False)
            return
        self._set(name, version, Status(State.AVAILABLE, fingerprint=fingerprint, model_version=model_version))
        log.info("%s version %d: loaded, %d warm-up requests", name, version, warmup_requests)
        self._on_load(name, version, True)

    def _set(self, name, version, status):
        """Replaces the mapping of all models by a new one, atomically."""
        with self._lock:
            versions = {**self._models.get(name, {}), version: status}
            self._models = {**self._models, name: versions}


def _fingerprint(folder: Path) -> object:
    """Returns the names, times and sizes of the files of a version, to detect changes."""
    try:
        files = (folder / "saved_model.pb", *sorted((folder / "variables").glob("*")))
        return tuple((file.name, file.stat().st_mtime_ns, file.stat().st_size) for file in files if file.exists())
    except OSError as error:  # the folder cannot be read at present
        return str(error)


def _check_files(folder: Path) -> None:
    """Refuses entries other than regular files, such as a pipe, which would block forever."""
    for parent, _, names in os.walk(folder):
        for path in (Path(parent, name) for name in names):
            if not stat.S_ISREG(path.stat().st_mode):
                raise ValueError(f"{path.relative_to(folder)} is not a regular file")


def _warm_up(model_version: ModelVersion) -> int:
    """Runs the warm-up requests of a version; returns their number."""
    path = model_version.path / "assets.extra" / warmup.FILE
    requests = list(warmup.read_warmup(path)) if path.exists() else []
    for name, inputs in requests:
        model_version.run(name or "serving_default", inputs)
    return len(requests)

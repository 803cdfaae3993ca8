"""The models that are served, kept in step with a folder."""

import enum
import logging
import os
import stat
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from keras_vae.errors import InvalidInputError, one_line
from keras_vae.serving import warmup
from keras_vae.serving.server.model_folders import Policy, find_models, read_policies
from keras_vae.serving.server.request_error import Code, RequestError, invalid
from keras_vae.serving.server.servable import Servable

log = logging.getLogger("keras_vae.serving")


class State(enum.IntEnum):
    """Of a version, as TensorFlow Serving numbers them."""

    START = 10
    LOADING = 20
    AVAILABLE = 30
    UNLOADING = 40
    END = 50


@dataclass(frozen=True)
class Status:
    """What is known of a version.

    Attributes:
        state: where it stands.
        error: why it could not be loaded.
        stamp: of its files, when it was looked at.
        servable: the version in memory, while it is available.
    """

    state: State
    error: str | None = None
    stamp: object = None
    servable: Servable | None = None


class Repository:
    """The models under a folder.

    `poll` looks at the folder once, in whatever thread: it loads new versions, each warmed up before it is asked, and
    then lets go of old ones. A version is never changed in place and stays in memory as long as a request holds it. As
    long as no new version can be loaded, the old ones stay. A model that cannot be read, or hangs, holds up no other.

    Args:
        base: the folder, see `find_models`.
        policy: for models of which `models.config` does not say more.
        load: name, version, folder -> servable.
        on_load: is told name, version and whether it went well.

    Raises:
        InvalidInputError: if there is no such folder.
    """

    def __init__(
        self,
        base: Path,
        policy: Policy = Policy(),  # noqa: B008, a frozen value
        *,
        load: Callable[[str, int, Path], Servable] = Servable,
        on_load: Callable[[str, int, bool], None] = lambda *_: None,
    ):
        if not base.is_dir():
            raise InvalidInputError(f"{base}: no such folder; expected one with models, such as saved_models.")
        self.base = base
        self.policy = policy
        self._load = load
        self._on_load = on_load
        self._models: Mapping[str, Mapping[int, Status]] = {}
        self._policies: Mapping[str, Policy] = {}
        self._complaints: set[str] = set()
        self._failed: dict[str, str] = {}
        self._threads: dict[str, threading.Thread] = {}
        self._lock = threading.Lock()

    @property
    def models(self) -> Mapping[str, Mapping[int, Status]]:
        """Name -> version -> status, as they are now."""
        return self._models

    def labels(self, name: str) -> Mapping[str, int]:
        """Label -> version of a model."""
        return self._policies.get(name, self.policy).labels

    def poll(self, patience: float = 60.0) -> None:
        """Looks at the folder, once.

        Args:
            patience: seconds to wait for the versions of a model. One that takes longer is loaded beside the others.
        """
        complaints: list[str] = []
        try:
            found = find_models(self.base)
        except (OSError, RuntimeError) as error:
            complaints.append(f"{self.base}: cannot be read: {error}; what is served stays")
            found = None
        complaints += self._read_policies()
        if found is not None:
            complaints += found.complaints
            for name in sorted((set(self._models) | set(found.models)) - found.unreadable):
                complaints += self._update_within(patience, name, found.models.get(name, {}))
        for line in complaints:
            if line not in self._complaints:
                log.error(line)
        self._complaints = set(complaints)

    def _update_within(self, patience, name, folders) -> list[str]:
        """Updates a model, in a thread of its own: a file that hangs must not hold up the other models."""
        thread = self._threads.get(name)
        if thread is None or not thread.is_alive():
            thread = threading.Thread(target=self._try_to_update, args=(name, folders), daemon=True)
            self._threads[name] = thread
            thread.start()
            thread.join(patience)
        if thread.is_alive():
            return [f"{name}: still loading; the other models do not wait for it"]
        return [self._failed[name]] if name in self._failed else []

    def _try_to_update(self, name, folders):
        self._failed.pop(name, None)
        try:
            self._update(name, folders)
        except Exception as error:  # a folder that changes or goes while it is looked at
            self._failed[name] = f"{name}: cannot be updated: {error}; tried again"

    def get(self, name: str, version: int | None = None, label: str | None = None) -> Servable:
        """The version that was asked for; the newest if none was.

        Raises:
            RequestError: if there is none.
        """
        version = self._numbered(name, version, label)
        available = {n: s.servable for n, s in self._models.get(name, {}).items() if s.state == State.AVAILABLE}
        if version is None and available:
            return available[max(available)]
        if version not in available:
            wanted = f"Latest({name})" if version is None else f"Specific({name}, {version})"
            raise RequestError(Code.NOT_FOUND, f"Servable not found for request: {wanted}")
        return available[version]

    def statuses(self, name: str, version: int | None = None, label: str | None = None) -> dict[int, Status]:
        """Version -> status, newest first.

        Raises:
            RequestError: if there is no such model or version.
        """
        version = self._numbered(name, version, label)
        known = self._models.get(name, {})
        found = {n: known[n] for n in sorted(known, reverse=True) if version in (None, n)}
        if not found:
            what = f"model {name}" if version is None else f"model {name} with version {version}"
            raise RequestError(Code.NOT_FOUND, f"Could not find any versions of {what}")
        return found

    def _numbered(self, name, version, label):
        if label is None:
            return version
        if label not in self.labels(name):
            raise invalid(f"Unrecognized servable version label: {label}")
        return self.labels(name)[label]

    def _read_policies(self) -> list[str]:
        try:
            self._policies = read_policies(self.base, self.policy)
        except InvalidInputError as error:
            return [f"{error} What was read before stays in force."]
        return []

    def _update(self, name, folders):
        wanted = self._policies.get(name, self.policy).choose(folders)
        for version in sorted(wanted, reverse=True):
            self._load_version(name, version, folders[version])
        known = self._models.get(name, {})
        available = {version for version, status in known.items() if status.state == State.AVAILABLE}
        replaced = not folders or available & wanted
        for version in sorted(available - wanted):
            if replaced or version not in folders:
                log.info("%s version %d: unloaded", name, version)
                self._set(name, version, Status(State.END))

    def _load_version(self, name, version, folder):
        known = self._models.get(name, {}).get(version, Status(State.START))
        stamp = _stamp(folder)
        if known.state == State.AVAILABLE or (known.error is not None and known.stamp == stamp):
            return
        self._set(name, version, Status(State.LOADING))
        try:
            _check_files(folder)
            servable = self._load(name, version, folder)
            warmed = _warm_up(servable)
        except Exception as error:  # whatever a damaged SavedModel provokes inside TensorFlow
            reason = one_line(error, 300)
            log.error("%s version %d: cannot be loaded: %s", name, version, reason)
            self._set(name, version, Status(State.END, reason, stamp))
            self._on_load(name, version, False)
            return
        self._set(name, version, Status(State.AVAILABLE, stamp=stamp, servable=servable))
        log.info("%s version %d: loaded, %d warm-up requests", name, version, warmed)
        self._on_load(name, version, True)

    def _set(self, name, version, status):
        """Puts a new picture of all models in place of the old one, in one step."""
        with self._lock:
            versions = {**self._models.get(name, {}), version: status}
            self._models = {**self._models, name: versions}


def _stamp(folder: Path) -> object:
    """What changes when the files of a version do."""
    try:
        files = (folder / "saved_model.pb", *sorted((folder / "variables").glob("*")))
        return tuple((file.name, file.stat().st_mtime_ns, file.stat().st_size) for file in files if file.exists())
    except OSError as error:  # it cannot be looked at now
        return str(error)


def _check_files(folder: Path) -> None:
    """Refuses what is no file, such as a pipe, which would be waited for without end."""
    for parent, _, names in os.walk(folder):
        for path in (Path(parent, name) for name in names):
            if not stat.S_ISREG(path.stat().st_mode):
                raise ValueError(f"{path.relative_to(folder)} is no regular file")


def _warm_up(servable: Servable) -> int:
    """Runs the warm-up requests that the version brings; their number."""
    path = servable.path / "assets.extra" / warmup.FILE
    requests = list(warmup.read_warmup(path)) if path.exists() else []
    for name, inputs in requests:
        servable.run(name or "serving_default", inputs)
    return len(requests)

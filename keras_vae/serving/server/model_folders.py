"""Which models and versions lie in a folder, and which of them are to be served."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from google.protobuf import text_format
from tensorflow_serving.config.model_server_config_pb2 import ModelConfig, ModelServerConfig

from keras_vae.errors import InvalidInputError
from keras_vae.serving.versions import MOST_VERSION, is_text, version_of, versions_in

CONFIG = "models.config"


@dataclass(frozen=True)
class Policy:
    """Which versions of a model are served.

    Attributes:
        latest: so many of the newest; None for all, or for `specific` ones.
        specific: these and no others.
        labels: name -> version.
    """

    latest: int | None = 1
    specific: tuple[int, ...] = ()
    labels: Mapping[str, int] = field(default_factory=dict)

    def choose(self, versions: Iterable[int]) -> set[int]:
        """Those of the versions that are to be served."""
        versions = sorted(versions)
        if self.specific:
            return set(versions) & set(self.specific)
        return set(versions if self.latest is None else versions[-self.latest :])


class Found(NamedTuple):
    """What lies in a folder of models.

    Attributes:
        models: name -> version -> folder.
        unreadable: the names of models that cannot be looked at now.
        complaints: a line for each thing that is left out and should not be there.
    """

    models: dict[str, dict[int, Path]]
    unreadable: set[str]
    complaints: list[str]


def find_models(base: Path) -> Found:
    """The models in a folder; links that lead out of it are left out.

    The base holds models, `NAME/VERSION/`, or is a model itself and holds `VERSION/`.

    Raises:
        OSError: if the base itself cannot be read.
    """
    root = base.resolve()
    found = Found({}, set(), [])
    own = _within(base, root, found)
    if own:
        return found._replace(models={root.name: own})
    found.complaints.clear()
    for entry in sorted(base.iterdir()):
        if not entry.name.startswith("."):
            _look_at(entry, root, found)
    return found


def _look_at(entry: Path, root: Path, found: Found) -> None:
    try:
        if not entry.is_dir():
            return
        versions = _within(entry, root, found)
    except (OSError, RuntimeError) as error:  # a loop of links is a RuntimeError
        found.unreadable.add(entry.name)
        reason = getattr(error, "strerror", None) or error
        found.complaints.append(f"{entry}: cannot be read: {reason}; what is served of it stays")
        return
    if versions and not is_text(entry.name):
        found.complaints.append(f"{entry!r}: left out; expected a name in UTF-8")
    elif versions:
        found.models[entry.name] = versions


def _within(folder: Path, root: Path, found: Found) -> dict[int, Path]:
    for entry in folder.iterdir():
        if entry.name.isascii() and entry.name.isdigit() and version_of(entry.name) is None:
            found.complaints.append(f"{entry}: left out; expected a version of at most {MOST_VERSION}")
    return {number: path for number, path in versions_in(folder).items() if path.resolve().is_relative_to(root)}


def read_policies(base: Path, default: Policy) -> dict[str, Policy]:
    """Name -> policy of the models that `models.config` names, in TensorFlow Serving's format; others have `default`.

    Raises:
        InvalidInputError: if the file is no such configuration.
    """
    path = base / CONFIG
    try:
        if not path.is_file():
            return {}
        parsed = text_format.Parse(path.read_text(encoding="utf-8"), ModelServerConfig())
    except OSError as error:
        raise InvalidInputError(f"{path}: cannot be read: {error.strerror}.") from error
    except (text_format.ParseError, ValueError, RecursionError) as error:
        raise InvalidInputError(f"{path}: expected TensorFlow Serving's model_config_list; {error}.") from error
    return {
        PurePosixPath(config.base_path).name: _policy(config, default) for config in parsed.model_config_list.config
    }


def _policy(config: ModelConfig, default: Policy) -> Policy:
    labels = dict(config.version_labels)
    policy = config.model_version_policy
    kind = policy.WhichOneof("policy_choice")
    if kind == "specific":
        return Policy(None, tuple(policy.specific.versions), labels)
    if kind == "all":
        return Policy(None, (), labels)
    return Policy((policy.latest.num_versions or 1) if kind == "latest" else default.latest, (), labels)

"""Finds the models and versions in a folder, and reads which of them to serve."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from google.protobuf import text_format
from tensorflow_serving.config.model_server_config_pb2 import ModelConfig, ModelServerConfig

from keras_vae.errors import InvalidInputError
from keras_vae.serving.versions import MAX_VERSION, is_text, version_of, versions_in

CONFIG = "models.config"


@dataclass(frozen=True)
class Policy:
    """The selection of the versions of a model to serve.

    Attributes:
        latest: number of newest versions to serve. None serves all versions, or those in `specific`.
        specific: version numbers to serve, if not empty.
        labels: label -> version number.
    """

    latest: int | None = 1
    specific: tuple[int, ...] = ()
    labels: Mapping[str, int] = field(default_factory=dict)

    def select(self, versions: Iterable[int]) -> set[int]:
        """Returns the versions to serve."""
        versions = sorted(versions)
        if self.specific:
            return set(versions) & set(self.specific)
        return set(versions if self.latest is None else versions[-self.latest :])


class ModelFolders(NamedTuple):
    """The contents of a folder of models.

    Attributes:
        models: name -> version -> folder.
        unreadable: names of models whose folders cannot be read.
        problems: a line for each invalid entry, which is left out.
    """

    models: dict[str, dict[int, Path]]
    unreadable: set[str]
    problems: list[str]


def find_models(base: Path) -> ModelFolders:
    """Finds the models in a folder, without links to folders outside it.

    The folder contains models, `NAME/VERSION/`, or the versions of one model, `VERSION/`.

    Raises:
        OSError: if the folder itself cannot be read.
    """
    root = base.resolve()
    folders = ModelFolders({}, set(), [])
    versions = _versions_in_root(base, root, folders)
    if versions:
        return folders._replace(models={root.name: versions})
    folders.problems.clear()
    for entry in sorted(base.iterdir()):
        if not entry.name.startswith("."):
            _add_model(entry, root, folders)
    return folders


def _add_model(entry: Path, root: Path, folders: ModelFolders) -> None:
    try:
        if not entry.is_dir():
            return
        versions = _versions_in_root(entry, root, folders)
    except (OSError, RuntimeError) as error:  # a loop of links is a RuntimeError
        folders.unreadable.add(entry.name)
        reason = getattr(error, "strerror", None) or error
        folders.problems.append(f"{entry}: cannot read the folder: {reason}; its loaded versions remain")
        return
    if versions and not is_text(entry.name):
        folders.problems.append(f"{entry!r}: left out; expected a name in UTF-8")
    elif versions:
        folders.models[entry.name] = versions


def _versions_in_root(folder: Path, root: Path, folders: ModelFolders) -> dict[int, Path]:
    for entry in folder.iterdir():
        if entry.name.isascii() and entry.name.isdigit() and version_of(entry.name) is None:
            folders.problems.append(f"{entry}: left out; expected a version of at most {MAX_VERSION}")
    return {number: path for number, path in versions_in(folder).items() if path.resolve().is_relative_to(root)}


def read_policies(base: Path, default: Policy) -> dict[str, Policy]:
    """Reads the policies of models, name -> policy, from `models.config` in the format of TensorFlow Serving.

    Args:
        base: folder of models.
        default: the policy whose `latest` applies to models without `model_version_policy`.

    Raises:
        InvalidInputError: if the file cannot be read or parsed.
    """
    path = base / CONFIG
    try:
        if not path.is_file():
            return {}
        server_config = text_format.Parse(path.read_text(encoding="utf-8"), ModelServerConfig())
    except OSError as error:
        raise InvalidInputError(f"{path}: cannot read the file: {error.strerror}.") from error
    except (text_format.ParseError, ValueError, RecursionError) as error:
        raise InvalidInputError(f"{path}: expected a model_config_list of TensorFlow Serving, got: {error}.") from error
    return {
        PurePosixPath(config.base_path).name: _policy(config, default)
        for config in server_config.model_config_list.config
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

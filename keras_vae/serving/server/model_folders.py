"""Which models and versions lie in a folder, and which of them are to be served."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from google.protobuf import text_format
from tensorflow_serving.config.model_server_config_pb2 import ModelConfig, ModelServerConfig

from keras_vae.errors import InvalidInputError
from keras_vae.serving.versions import versions_in

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


def find_models(base: Path) -> dict[str, dict[int, Path]]:
    """Name -> version -> folder; links that lead out of the base are left out.

    The base holds models, `NAME/VERSION/`, or is a model itself and holds `VERSION/`.
    """
    root = base.resolve()
    own = _within(base, root)
    if own:
        return {root.name: own}
    folders = [entry for entry in sorted(base.iterdir()) if entry.is_dir() and not entry.name.startswith(".")]
    return {folder.name: versions for folder in folders if (versions := _within(folder, root))}


def _within(folder: Path, root: Path) -> dict[int, Path]:
    return {number: path for number, path in versions_in(folder).items() if path.resolve().is_relative_to(root)}


def read_policies(base: Path, default: Policy) -> dict[str, Policy]:
    """Name -> policy of the models that `models.config` names, in TensorFlow Serving's format; others have `default`.

    Raises:
        InvalidInputError: if the file is no such configuration.
    """
    path = base / CONFIG
    if not path.is_file():
        return {}
    try:
        parsed = text_format.Parse(path.read_text(), ModelServerConfig())
    except (text_format.ParseError, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split())
        raise InvalidInputError(f"{path}: expected TensorFlow Serving's model_config_list; {reason}.") from error
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

"""Downloads and uploads presets with `huggingface_hub`."""

import os
import re
from pathlib import Path
from typing import Any, NamedTuple

from keras_vae.errors import InvalidInputError, one_line
from keras_vae.presets.preset import FILES, Preset
from keras_vae.serving.extra import need
from keras_vae.version import __version__

PREFIX = "hf://"


class Address(NamedTuple):
    """A repository of the Hugging Face Hub, and a branch, tag or commit of it."""

    repository: str
    revision: str | None

    @classmethod
    def parse(cls, uri: str) -> "Address":
        """Parses `hf://USER/REPO` or `hf://USER/REPO@REVISION`; raises `InvalidInputError` for another text."""
        found = re.fullmatch(rf"{PREFIX}([\w.-]+/[\w.-]+)(?:@([\w./-]+))?", uri)
        if found is None:
            raise InvalidInputError(f"{uri}: expected {PREFIX}USER/REPO or {PREFIX}USER/REPO@REVISION.")
        return cls(*found.groups())


def download(uri: str) -> Path:
    """Returns the folder of a preset in the cache of `huggingface_hub`, after a download of what is missing in it.

    Without a connection, this is the preset as it was downloaded last.

    Raises:
        InvalidInputError: if the library is not installed, or the repository cannot be read.
    """
    address, hub = Address.parse(uri), _hub()
    try:
        folder = hub.snapshot_download(address.repository, revision=address.revision, allow_patterns=list(FILES))
    except Exception as error:  # of the library, of its HTTP client, or of the system: they differ between versions
        raise InvalidInputError(
            f"{uri}: it cannot be downloaded ({type(error).__name__}: {one_line(error)}); check the name, the "
            "connection, and HF_TOKEN for a private repository."
        ) from error
    return Path(folder)


def upload_preset(uri: str, preset_dir: str | os.PathLike, *, private: bool = False) -> str:
    """Uploads a preset to the Hugging Face Hub, in one commit. Makes the repository if there is none.

    The token is that of `hf auth login`, or of the environment variable `HF_TOKEN`. `HF_ENDPOINT` is the address of
    another server.

    Args:
        uri: `"hf://USER/REPO"`, or `"hf://USER/REPO@BRANCH"` for an existing branch.
        preset_dir: a folder that `save_to_preset` has written.
        private: whether a new repository is private.

    Returns:
        The address of the commit.

    Raises:
        InvalidInputError: if the library is not installed, if the folder contains no valid preset, or if the upload
            fails.
    """
    address, preset = Address.parse(uri), Preset.read(preset_dir)
    preset.model_file()
    hub = _hub()
    try:
        hub.create_repo(address.repository, private=private, exist_ok=True)
        commit = hub.upload_folder(
            repo_id=address.repository,
            folder_path=preset.folder,
            allow_patterns=list(FILES),
            revision=address.revision,
            commit_message=f"Preset {preset.name}",
        )
    except Exception as error:  # as in `download`
        raise InvalidInputError(
            f"{uri}: the upload failed ({type(error).__name__}: {one_line(error)}); check the name, the connection, "
            "and HF_TOKEN or `hf auth login`."
        ) from error
    return str(commit.commit_url)


def _hub() -> Any:
    return need("huggingface_hub", extra="huggingface").HfApi(library_name="keras_vae", library_version=__version__)

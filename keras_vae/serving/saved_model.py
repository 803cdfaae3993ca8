"""A model as a SavedModel that TF Serving loads."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tensorflow as tf

from keras_vae.data import Split
from keras_vae.errors import InvalidInputError
from keras_vae.files import check_writable, new_parents, partial_folder
from keras_vae.models import Autoencoder
from keras_vae.serving import model_card, recorded, warmup
from keras_vae.serving.checks import check_export
from keras_vae.serving.columns import write_columns
from keras_vae.serving.extra import is_installed
from keras_vae.serving.options import ExportOptions
from keras_vae.serving.served_model import ServedModel
from keras_vae.serving.versions import versions_in

RECORDED_BATCH = 3


def export(
    model: Autoencoder,
    directory: str | os.PathLike,
    *,
    options: ExportOptions | None = None,
    training: Split | None = None,
    card: Mapping[str, model_card.Section] | None = None,
    columns: Mapping[str, Any] | None = None,
    check: bool = True,
    verbose: int = 0,
) -> Path:
    """Writes the next integer version of `model` under `directory`; a watcher never sees half of one.

    A version holds the SavedModel and, in `assets.extra/`, what goes with it: warm-up requests for TF Serving (where
    `tensorflow-serving-api` is installed), the model's own answers to a few questions, and `model_card.md`. It is
    checked (see `check_export`) before it gets its number, so what would break in TF Serving is never published.

    Args:
        model: a built model; it need not be compiled.
        directory: folder of the servable, such as `saved_models/digits`.
        options: see `ExportOptions`; what is answered: see `signatures_of`.
        training: the training examples, whose scores `anomaly` compares with; without them there is no `anomaly`.
        card: heading -> name -> value, or lines of Markdown, for the model card: data, metrics, limits.
        columns: how the table was read that the model was trained on, the options of
            `keras_vae.data.table.read_as_in_training`, for bulk work on other tables.
        check: False skips the check, which takes some seconds.
        verbose: 1 shows progress when it takes long, and prints what the check found.

    Returns:
        The folder of the new version, such as `saved_models/digits/1`.

    Raises:
        InvalidInputError: if `directory` is a file or holds things that are no versions of a model, or model, data and
            options do not go together, or the check finds a problem.
        OSError: if the folder cannot be written; nothing is left of the version then.

    Example:

    >>> export(vae((8, 8, 1), 4, units=(32,)), "saved_models/example").name
    '1'
    """
    directory = Path(directory)
    _check_directory(directory)
    check_target(directory)
    served = ServedModel(model, options or ExportOptions(), training, verbose=verbose)
    _ = served.signatures  # refuses what it cannot export before anything is written
    with new_parents(directory / "1"), partial_folder(directory.resolve()) as temporary:
        version = temporary / "version"
        _write(served, version, directory.resolve().name, card or {})
        if columns is not None:
            write_columns(version, columns)
        if check:
            _check(version, directory, verbose)
        return _publish(version, directory)


def check_target(directory: Path) -> None:
    """Raises `OSError` unless a version can be made, which is done beside the folder and then moved into it."""
    for folder in (directory, directory.resolve().parent):
        check_writable(folder)


def _write(served: ServedModel, version: Path, name: str, card: Mapping[str, model_card.Section]) -> None:
    """Writes the SavedModel and its `assets.extra` into a new folder."""
    module, functions = tf.Module(), served.functions
    module.weights = list({id(v): v for function in functions.values() for v in function.variables}.values())
    tf.saved_model.save(module, str(version), signatures=functions)
    extra = version / "assets.extra"
    extra.mkdir()
    answers = {key: served.answer(key, RECORDED_BATCH) for key in served.signatures}
    recorded.write_recorded(extra / recorded.FILE, answers)
    inputs = {key: {spec.name: spec for spec in signature.inputs} for key, signature in served.signatures.items()}
    if is_installed("tensorflow_serving"):
        warmup.write_warmup(extra / warmup.FILE, name, inputs, served.options.batch_sizes)
    (extra / model_card.FILE).write_text(model_card.model_card(served, name, card))


def _check(version: Path, directory: Path, verbose: int) -> None:
    found = check_export(version)
    if verbose:
        print(found.as_text())
    if not found.ok:
        raise InvalidInputError(f"{directory}: nothing was published, for a server would fail: {found.problems[0]}")


def _check_directory(directory: Path) -> None:
    if directory.exists() and not directory.is_dir():
        raise InvalidInputError(f"{directory}: it is a file; expected a folder for versions of the model.")
    entries = {entry.name for entry in directory.iterdir()} if directory.is_dir() else set()
    foreign = entries - {path.name for path in versions_in(directory).values()}
    if foreign:
        raise InvalidInputError(
            f"{directory}: expected an empty folder or one of numbered versions, found {min(foreign)!r}; "
            "choose another folder."
        )


def _publish(version: Path, directory: Path) -> Path:
    """Gives a finished version the next number, in one step; another export at the same time gets another one."""
    while True:
        target = directory / str(1 + max(versions_in(directory), default=0))
        target.parent.mkdir(parents=True, exist_ok=True)  # another export that failed may have removed it
        try:
            return version.rename(target)
        except OSError:
            if not target.exists():
                raise

"""Exports a model as a SavedModel for TensorFlow Serving."""

import contextlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import tensorflow as tf

from keras_vae.data import Split
from keras_vae.errors import InvalidInputError
from keras_vae.files import check_writable, new_parents, partial_folder
from keras_vae.models import Autoencoder
from keras_vae.serving import model_card, recorded_answers, warmup
from keras_vae.serving.checks import check_export
from keras_vae.serving.data_options import write_data_options
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
    calibration: Split | None = None,
    card: Mapping[str, model_card.Section] | None = None,
    data_options: Mapping[str, Any] | None = None,
    check: bool = True,
    verbose: int = 0,
) -> Path:
    """Writes the next integer version of `model` under `directory`. The version appears only when it is complete.

    A version contains the SavedModel and a folder `assets.extra/` with warm-up requests for TensorFlow Serving (if
    `tensorflow-serving-api` is installed), a few recorded answers of the model, and `model_card.md`. The export is
    checked (see `check_export`) before it gets a number, so that a version that fails the check is never published.

    Args:
        model: a built model; it need not be compiled.
        directory: folder for the versions of the model, such as `saved_models/digits`.
        options: see `ExportOptions`; see `export_signatures` for the signatures.
        training: training examples, the reference of the scores of `anomaly`, see `AnomalyScorer`. None leaves
            `anomaly` out.
        calibration: usual examples that the model has not seen, such as the validation part, for the p-values and the
            threshold of `anomaly`. None sets a fifth of the training examples aside.
        card: heading -> name -> value, or lines of Markdown, for the model card: data, metrics, limits.
        data_options: options of `keras_vae.data.load` with which training read its data, so that bulk inference reads
            other data alike: `use_columns`, `label_column` and `categories` of a table, `label_names` of a folder of
            images.
        check: whether to check the export, which takes some seconds.
        verbose: 1 shows progress of long exports and prints the report of the check.

    Returns:
        The folder of the new version, such as `saved_models/digits/1`.

    Raises:
        InvalidInputError: if `directory` is a file or contains entries other than versions of a model, if model, data
            and options do not match, or if the check finds a problem.
        OSError: if the folder cannot be written; no partial version remains.

    Example:

    >>> export(vae((8,), 2, units=(4,)), "saved_models/example").name
    '1'
    """
    directory = Path(directory)
    _check_directory(directory)
    check_target(directory)
    served_model = ServedModel(model, options or ExportOptions(), training, calibration, verbose=verbose)
    _ = served_model.signatures  # raises errors for the options before anything is written
    with new_parents(directory / "1"), partial_folder(directory.resolve()) as temporary:
        version = temporary / "version"
        _write(served_model, version, directory.resolve().name, card or {})
        if data_options:
            write_data_options(version, data_options)
        if check:
            _check(version, directory, verbose)
        return _publish(version, directory)


def check_target(directory: Path) -> None:
    """Raises `OSError` if the folder, or its parent with the temporary files of an export, is not writable."""
    for folder in (directory, directory.resolve().parent):
        check_writable(folder)


def _write(served_model: ServedModel, version: Path, name: str, card: Mapping[str, model_card.Section]) -> None:
    """Writes the SavedModel and its folder `assets.extra` into a new folder."""
    module, functions = tf.Module(), served_model.functions
    module.weights = list({id(v): v for function in functions.values() for v in function.variables}.values())
    with _without_temporary_path():
        tf.saved_model.save(module, str(version), signatures=functions)
    extra = version / "assets.extra"
    extra.mkdir()
    answers = {key: served_model.answer(key, RECORDED_BATCH) for key in served_model.signatures}
    recorded_answers.write_recorded_answers(extra / recorded_answers.FILE, answers)
    inputs = {key: {spec.name: spec for spec in signature.inputs} for key, signature in served_model.signatures.items()}
    if is_installed("tensorflow_serving"):
        warmup.write_warmup(extra / warmup.FILE, name, inputs, served_model.options.batch_sizes)
    (extra / model_card.FILE).write_text(model_card.model_card(served_model, name, card), "utf-8")


@contextlib.contextmanager
def _without_temporary_path() -> Iterator[None]:
    """Hides TensorFlow's message "Assets written to ...", which names a folder that gets another name afterwards."""
    logger = tf.get_logger()
    before = logger.level
    logger.setLevel("WARNING")
    try:
        yield
    finally:
        logger.setLevel(before)


def _check(version: Path, directory: Path, verbose: int) -> None:
    report = check_export(version)
    if verbose:
        print(report.as_text())
    if not report.ok:
        raise InvalidInputError(
            f"{directory}: expected an export that TensorFlow Serving can run, so nothing was published: "
            f"{report.problems[0]}"
        )


def _check_directory(directory: Path) -> None:
    if directory.suffix == ".onnx":
        raise InvalidInputError(
            f"{directory}: expected a folder for a SavedModel, got the name of an ONNX file; use export_onnx."
        )
    if directory.exists() and not directory.is_dir():
        raise InvalidInputError(
            f"{directory}: expected a folder for versions of the model, got a file; use another name."
        )
    entries = {entry.name for entry in directory.iterdir()} if directory.is_dir() else set()
    foreign_names = entries - {path.name for path in versions_in(directory).values()}
    if foreign_names:
        raise InvalidInputError(
            f"{directory}: expected an empty folder or a folder with numbered versions, got {min(foreign_names)!r}; "
            "use another folder."
        )


def _publish(version: Path, directory: Path) -> Path:
    """Renames a complete version to the next number, atomically. A concurrent export gets a different number."""
    while True:
        target = directory / str(1 + max(versions_in(directory), default=0))
        target.parent.mkdir(parents=True, exist_ok=True)  # a failed concurrent export may have removed it
        try:
            return version.rename(target)
        except OSError:
            if not target.exists():
                raise

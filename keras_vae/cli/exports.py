"""Exports the model of a run, with information on its data, metrics and binarisation."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import typer

from keras_vae.cli.sources import check_split, model_of, training_examples
from keras_vae.data import Split
from keras_vae.errors import InvalidInputError
from keras_vae.files import check_writable
from keras_vae.presets.preset import RECORD
from keras_vae.serving import ExportOptions, export, write_server_files
from keras_vae.serving.saved_model import check_target
from keras_vae.training import Run, TrainingConfig
from keras_vae.training.model_file import config_of


def options_of(source: Path, settings: Mapping[str, Any]) -> ExportOptions:
    """Returns the options of an export, completed by the record of the run on its data."""
    config = config_of(source)
    return ExportOptions(**{"binarize": None if config is None else config.binarize, **settings})


def check_out(path: Path) -> None:
    """Refuses a file that exists, and a folder that cannot be written. Call it before the export."""
    if path.suffix != ".onnx":
        check_target(path)
        return
    if path.exists():
        raise InvalidInputError(f"{path}: it exists; choose another name.")
    check_writable(path)


def export_run(source: Path, out: Path, options: ExportOptions, *, data: str | None, no_data: bool) -> Path:
    """Exports the model of a run or file, and returns the folder of the new version."""
    model, run = model_of(source), Run(source)
    if no_data and data is not None:
        raise InvalidInputError("--data and --no-data: expected one of the two; drop one.")
    no_data = no_data or (data is None and not run.exists)
    training: Split | None = None
    validation: Split | None = None
    card: dict[str, Any] = {}
    config = config_of(source)
    data_options = {} if config is None else config.data_options
    if not no_data:
        examples, validation, lines = training_examples(source, data, model.event_shape)
        training = check_split(model, examples, data)
        card["Data"] = [f"- {line.strip()}" for line in lines]
    if run.exists:
        card["Training"] = _about_training(run.config())
        if run["evaluation.json"].exists():  # missing after --no-report
            card["Metrics"] = _metrics(run)
        card["Limits"] = _limits(run)
    return export(
        model, out, options=options, training=training, calibration=validation, card=card, data_options=data_options,
        verbose=1,
    )  # fmt: skip


def write_files(base: Path, options: ExportOptions, *, asked: bool | None) -> None:
    """Writes the files that start TF Serving, on request or if the folder contains only models."""
    if asked is False or (asked is None and not _holds_only_models(base)):
        return
    for name, written in write_server_files(base, batch_sizes=options.batch_sizes).items():
        if not written:
            typer.echo(f"{base / name} has been edited, and is left as it is.", err=True)


def _holds_only_models(base: Path) -> bool:
    folders = [entry for entry in base.iterdir() if entry.is_dir() and not entry.name.startswith(".")]
    models = [folder for folder in folders if not any(folder.glob(f"*/{RECORD}"))]  # without the folder of presets
    return all(version.name.isdigit() for folder in models for version in folder.iterdir())


def _about_training(config: TrainingConfig) -> dict[str, Any]:
    kept = ("model", "epochs", "batch_size", "learning_rate", "decay", "options", "binarize", "image_size", "seed")
    return {name: value for name, value in config.as_dict().items() if name in kept and value not in (None, {})}


def _metrics(run: Run) -> dict[str, float]:
    """Returns the metrics of the last evaluation, by name."""
    answers = run.read_json("evaluation.json")["answers"]
    return {
        name: value for answer in answers.values() for name, value in answer.items() if name not in ("verdict", "notes")
    }


def _limits(run: Run) -> dict[str, Any]:
    evaluation = run["evaluation.json"]
    if not evaluation.exists():
        return {"evaluation": "none was made; run keras-vae evaluate RUN --report before the export"}
    answers = run.read_json("evaluation.json")["answers"]
    verdicts = {name: " ".join(answer["verdict"]) for name, answer in answers.items()}
    return {name: verdict for name, verdict in verdicts.items() if verdict}

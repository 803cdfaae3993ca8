"""Continues a run: the checks of its configuration and data, and the state from which it continues."""

import itertools
import math
import shutil
import sys
from collections.abc import Iterator
from typing import Any

import keras

from keras_vae.data import SplitDataset
from keras_vae.errors import InvalidInputError
from keras_vae.models import Autoencoder
from keras_vae.optimizers import AverageWeights
from keras_vae.text import counted
from keras_vae.training.checkpoint import Progress, state_of
from keras_vae.training.config import CHOOSE_DATA, REPORT_ONLY, TrainingConfig
from keras_vae.training.early_stopping import best_epoch, epochs_without_better, metric_of
from keras_vae.training.epochs import steps_of
from keras_vae.training.run import BEST, Run


def check_resumable(run: Run, config: TrainingConfig) -> None:
    """Checks that a run is resumed with its own configuration. The number of epochs may be larger.

    Raises:
        InvalidInputError: if another value differs, or if early stopping has ended the run.
    """
    before = run.config()
    by_digest = CHOOSE_DATA if run["data.json"].exists() else ("data_dir",)
    different = before.differences(config, ignore=(*by_digest, *REPORT_ONLY))
    more = before.epochs is not None and config.epochs is not None and config.epochs > before.epochs
    if more:
        different.pop("epochs", None)
    if different:
        changes = ", ".join(f"{name}: {old!r} -> {new!r}" for name, (old, new) in different.items())
        raise InvalidInputError(
            f"{run.path}: it was started with another configuration ({changes}); "
            "resume it without these changes, or train in another --out."
        )
    if more and config.early_stopping is not None:
        history = run.read_history()
        metric = "val_elbo" if "val_elbo" in history else "val_nll"
        if epochs_without_better(metric, history.get(metric, [])) >= config.early_stopping:
            raise InvalidInputError(
                f"{run.path}: early stopping has ended this run after {len(history['epoch'])} of {before.epochs} "
                "epochs; more epochs do not change it. Train with a larger early_stopping in another --out."
            )


def check_same_data(run: Run, config: TrainingConfig, data: SplitDataset) -> None:
    """Checks that a run is resumed with the same data. Their location may be different.

    Raises:
        InvalidInputError: if the digests of the data differ.
    """
    changed = run.changed_data(data)
    if changed is None:
        print(f"Note: {run.path} does not record its data; use the same data as before.", file=sys.stderr)
    elif changed:
        raise InvalidInputError(
            f"{run.path}: it was started with other data than {config.data!r} holds now (different: "
            f"{', '.join(changed)}); resume it with the same data, or train in another --out."
        )


def check_same_model(run: Run, built: Autoencoder, saved: Autoencoder) -> None:
    """Checks that the saved model is the one that the configuration builds: with the same variables, parts and options.

    Args:
        run: the run.
        built: the model that the configuration builds.
        saved: the model of the checkpoint, or the finished model.

    Raises:
        InvalidInputError: if they differ. Names, dtypes and the learning rate may differ: they depend on the process,
            the device and the number of epochs.
    """
    remedy = "put back the file that has changed, or start the run again with --overwrite"
    for expected, got in itertools.zip_longest(_shapes(built), _shapes(saved), fillvalue="nothing"):
        if expected.rpartition(" ")[2] != got.rpartition(" ")[2]:
            raise InvalidInputError(
                f"{run.path}: expected a saved model as in its config.json, with {expected}; got {got}; {remedy}."
            )
    expected, got = _options(built), _options(saved)
    for name in sorted({*expected, *got}):
        if not _are_alike(expected.get(name), got.get(name)):
            raise InvalidInputError(
                f"{run.path}: expected a saved model as in its config.json, with {name} {expected.get(name)!r}; "
                f"got {got.get(name)!r}; {remedy}."
            )


def _are_alike(one: Any, other: Any) -> bool:
    """Returns whether options are equal. Numbers that were computed from the data may differ by their rounding."""
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-6)
    return one == other


def _shapes(model: Autoencoder) -> Iterator[str]:
    for variable in state_of(model):
        yield f"{variable.path} {'x'.join(map(str, variable.shape)) or 'scalar'}"


def _options(model: Autoencoder) -> dict[str, Any]:
    """Returns the path of each option of the parts and of the optimizers -> its value."""
    options: dict[str, Any] = {}

    def add(value, path):
        if isinstance(value, dict) and "class_name" in value:
            if value["class_name"] != "DTypePolicy":
                options[path or "model"] = value["class_name"]
                add(value.get("config"), path)
        elif isinstance(value, dict):
            for name, one in value.items():
                if name not in ("name", "learning_rate"):
                    add(one, f"{path}.{name}".lstrip("."))
        elif isinstance(value, (list, tuple)):
            for index, one in enumerate(value):
                add(one, f"{path}[{index}]")
        else:
            options[path] = value

    serialized = keras.saving.serialize_keras_object
    add(serialized(model), "")
    add([serialized(optimizer) for optimizer, _ in model.optimizers], "optimizers")
    return options


def continued(run: Run, config: TrainingConfig, data: SplitDataset, progress: Progress) -> Progress:
    """Returns the state from which a run continues. A finished run may have further epochs to train.

    Prints how the result differs from that of an uninterrupted run.
    """
    epochs = config.epochs_for(len(data.train))
    if epochs > run.config().epochs_for(len(data.train)) and config.learning_rate_decay != "none":
        _note(
            f"from here on, the {config.learning_rate_decay} decay of the learning rate is that of "
            f"{counted(epochs, 'epoch')}. The result is not that of an uninterrupted run of {counted(epochs, 'epoch')}."
        )
    history = run.read_history()
    done = len(history.get("epoch", ()))
    if progress.model is None or not progress.finished or done >= epochs:
        return progress
    metric = metric_of(progress.model)
    if config.early_stopping is not None:
        if epochs_without_better(metric, history[metric]) >= config.early_stopping:
            return progress  # early stopping has ended the run
        done = best_epoch(metric, history[metric]) + 1
        shutil.copyfile(run["model.keras"], run[BEST])
        _note(f"continuing from epoch {done}, the best one, because the run keeps only its weights.")
    if config.keeps_averages and not AverageWeights.undo(progress.model):
        _note("continuing from the averages of the weights, because a finished run keeps only these.")
    return progress._replace(step=steps_of(config, data) * done, means={}, finished=False)


def _note(text: str) -> None:
    print(f"Note: {text}", file=sys.stderr)

"""Checkpoints: their reading, and the callback that writes them."""

import json
import os
import shutil
import sys
import time
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import keras

from keras_vae.distribute import everyones, is_chief
from keras_vae.errors import InvalidInputError
from keras_vae.models import Autoencoder, load_model
from keras_vae.replicas import between_workers
from keras_vae.training.interrupt import Interrupts, OutOfTimeError
from keras_vae.training.run import BEST, NEWEST, PREVIOUS, Run

MEMBER = "progress.json"
AGREE_EVERY = 10
LATE = -1
"""What a worker without time left sends to the others instead of the number of a signal."""


class Progress(NamedTuple):
    """The state of a run.

    Attributes:
        model: the model in this state; None at the start.
        step: number of training batches so far.
        means: metric -> its state in the current epoch, see `Autoencoder.means`.
        finished: whether the model is the result of the run, whose weights may be averages or those of the best epoch.
    """

    model: Autoencoder | None = None
    step: int = 0
    means: Mapping[str, Sequence[float]] = {}
    finished: bool = False


def state_of(model: Autoencoder) -> list[keras.Variable]:
    """Returns the variables of a model and of its optimizers, without those of the metrics."""
    return [*model.weights, *(variable for optimizer, _ in model.optimizers for variable in optimizer.variables)]


def save_checkpoint(run: Run, model: Autoencoder, step: int) -> None:
    """Writes a checkpoint, and keeps the last one, so that there is a complete checkpoint at any moment."""
    if run[NEWEST].exists():
        run[PREVIOUS].unlink(missing_ok=True)
        try:
            os.link(run[NEWEST], run[PREVIOUS])
        except OSError:  # the file system does not support links
            shutil.copyfile(run[NEWEST], run[PREVIOUS])
    run.save_model(model, NEWEST, {MEMBER: json.dumps({"step": step, "means": model.means})})


def read_checkpoint(run: Run, steps: int) -> Progress:
    """Reads the state of a run from its newest readable checkpoint, or from the finished model.

    Args:
        run: the run.
        steps: number of batches per epoch.

    Raises:
        InvalidInputError: if there are checkpoints and none can be read, or the history lacks an epoch.
    """
    damaged = None
    for name in (NEWEST, PREVIOUS):
        if not run[name].exists():
            continue
        try:
            model, step, means = _read(run[name])
        except InvalidInputError as error:
            damaged = damaged or error
            continue
        if damaged:
            print(f"{damaged} Continuing from {name}.", file=sys.stderr)
        _check_history(run, model, step // steps)
        return Progress(model, step, means)
    if damaged:
        raise damaged
    if run["model.keras"].exists():
        model, epochs = load_model(run["model.keras"]), len(run.read_history().get("epoch", ()))
        _check_history(run, model, max(epochs, 1))
        return Progress(model, steps * epochs, finished=True)
    return Progress()


def _check_history(run: Run, model: Autoencoder, epochs: int) -> None:
    history = run.read_history()
    remedy = "put the file back as training wrote it, or start the run again with --overwrite"
    rows = len(history.get("epoch", ()))
    if rows < epochs:
        raise InvalidInputError(
            f"{run['history.csv']}: expected a row for each epoch that is done, {epochs} or more, got {rows}; {remedy}."
        )
    columns = {"epoch", *model.report.names, *(f"val_{name}" for name in model.report.names_of_evaluation)}
    if history and set(history) != columns:
        missing, unknown = columns - set(history), set(history) - columns
        differences = [
            f"{'lacks' if names is missing else 'has no use for'} {', '.join(sorted(names))}"
            for names in (missing, unknown)
            if names
        ]
        raise InvalidInputError(f"{run['history.csv']}: it {' and '.join(differences)}; {remedy}.")


def _read(path: Path) -> tuple[Autoencoder, int, Mapping[str, Sequence[float]]]:
    model = load_model(path)
    try:
        with zipfile.ZipFile(path) as archive:
            noted = json.loads(archive.read(MEMBER))
        return model, noted["step"], noted["means"]
    except (KeyError, ValueError, zipfile.BadZipFile):
        raise InvalidInputError(
            f"{path}: it does not contain the progress of the run; start the run again with --overwrite."
        ) from None


def remove_checkpoints(run: Run) -> None:
    """Removes the checkpoints of a finished run."""
    for name in (NEWEST, PREVIOUS, BEST):
        run[name].unlink(missing_ok=True)


class KeepRun(keras.callbacks.Callback):
    """Adds a row to the history after each epoch, and then saves a checkpoint.

    If the process is killed at any moment, there is a complete checkpoint, and a history with all rows before it. After
    a signal, the callback saves a checkpoint at the end of the batch, or of the validation, and stops the training. If
    one of several workers receives a signal, all workers stop at the same batch. They exchange signals every
    `AGREE_EVERY` batches. At a given time the callback stops the training in the same way, but not at the end of the
    last epoch.

    Args:
        run: the run.
        steps: number of batches per epoch.
        start: state of the run at the start of the training.
        every: number of batches between checkpoints within an epoch; None saves none within an epoch.
        interrupts: the signals received.
        epochs: number of epochs of the run.
        deadline: the time of `time.monotonic` at which the training stops; None does not stop it.

    Raises:
        KeyboardInterrupt: during `fit`, after a signal; with its number.
        OutOfTimeError: during `fit`, after the deadline.
    """

    def __init__(
        self,
        run: Run,
        steps: int,
        start: Progress,
        *,
        every: int | None,
        interrupts: Interrupts,
        epochs: int,
        deadline: float | None = None,
    ):
        super().__init__()
        self.run, self.steps, self.start, self.every, self.interrupts = run, steps, start, every, interrupts
        self.epochs, self.deadline = epochs, deadline
        self.saved = start.step

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        self.begun = max(epoch * self.steps, self.start.step)
        if self.begun == self.start.step:
            self.model.means = self.start.means

    def on_train_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        step = self.begun + batch + 1
        if step % self.steps == 0:
            return  # `on_epoch_end` saves a checkpoint
        due = self.every is not None and step - self.saved >= self.every
        asks = step % AGREE_EVERY == 0 or not between_workers(self.model.distribute_strategy)
        stop = self._stop() if asks else None
        if due or stop:
            save_checkpoint(self.run, self.model, step)
            self.saved = step
        if stop:
            raise stop

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        if is_chief(self.model.distribute_strategy):  # after a resume, other workers lack the earlier rows
            self._add_to_history(epoch, logs)
        self.saved = (epoch + 1) * self.steps
        self.model.means = {}
        save_checkpoint(self.run, self.model, self.saved)
        stop, is_last = self._stop(), epoch + 1 == self.epochs or self.model.stop_training
        if stop and not (is_last and isinstance(stop, OutOfTimeError)):
            raise stop

    def _add_to_history(self, epoch: int, logs: Mapping[str, Any] | None) -> None:
        history = self.run.read_history()
        row = {"epoch": epoch + 1, **{name: float(value) for name, value in (logs or {}).items()}}
        self.run.write_history({name: [*history.get(name, []), value] for name, value in row.items()})

    def _stop(self) -> KeyboardInterrupt | OutOfTimeError | None:
        """Returns why the workers stop, if a worker has received a signal or has no time left."""
        is_late = self.deadline is not None and time.monotonic() >= self.deadline
        reasons = everyones(self.model.distribute_strategy, self.interrupts.signal or (LATE if is_late else 0))
        if reasons.max() > 0:
            return KeyboardInterrupt(int(reasons.max()))
        return OutOfTimeError() if LATE in reasons else None

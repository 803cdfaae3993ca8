"""A callback that prints how far the training is, and how long it still takes."""

import shutil
import time
from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np

from keras_vae.durations import as_duration

LEAST_MEASURED = 2.0
"""Seconds of training before the first estimate."""

PAUSE = 30.0
"""Seconds between two lines within an epoch."""

PAUSE_BETWEEN_EPOCHS = 10.0
"""Least number of seconds between the lines at the start of epochs."""


class ShowProgress(keras.callbacks.Callback):
    """Prints the step, the main metric and the time left.

    The time left is that of the training steps, and of the validation and checkpoint after each epoch. The first
    execution and the first validation of each `fit`, which include the compilation, are not measured. Before another
    validation, its examples count as training examples. Recent epochs have a larger weight than earlier ones.

    On a terminal, Keras's bar shows the steps. The callback then prints only the time left, after the first steps and
    at the start of each epoch.

    Args:
        epochs: number of epochs of the run.
        steps: number of batches per epoch.
        done: number of batches at the start of the training.
        validation_batches: size of the validation split, in training batches.
        at_most: whether the training may stop earlier.
        bar: whether Keras shows a bar.
        clock: the time in seconds.
    """

    def __init__(
        self,
        epochs: int,
        steps: int,
        done: int = 0,
        *,
        validation_batches: float = 0.0,
        at_most: bool = False,
        bar: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ):
        super().__init__()
        self.epochs, self.steps, self.done, self.validation_batches = epochs, steps, done, validation_batches
        self.at_most, self.bar, self.clock = at_most, bar, clock
        self.measured_seconds = self.measured_steps = 0.0
        self.between_epochs: float | None = None
        self.printed: float | None = None

    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        self.last: float | None = None
        self.ended: float | None = None
        self.has_compiled = False

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        self.begun = self.reached = max(epoch * self.steps, self.done)
        if self.ended is None:  # the first epoch of a `fit`
            return
        self.last = self.clock()
        if self.has_compiled:
            self.between_epochs = self.last - self.ended
        self.has_compiled = True
        if self.printed is None or self.last - self.printed >= PAUSE_BETWEEN_EPOCHS:
            self._print(f"epoch {epoch + 1}/{self.epochs}")
        self.measured_seconds, self.measured_steps = self.measured_seconds / 2, self.measured_steps / 2

    def on_train_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        now, step = self.clock(), self.begun + batch + 1
        if self.last is not None:
            self.measured_seconds += now - self.last
            self.measured_steps += step - self.reached
        self.last, self.reached = now, step
        if step % self.steps == 0:
            self.ended = now
        elif self.printed is None or (not self.bar and now - self.printed >= PAUSE):
            epoch, within = divmod(step, self.steps)
            name = next((name for name in ("elbo", "nll", "loss") if name in (logs or {})), None)
            value = [] if name is None else [f"{name} {float(np.mean((logs or {})[name])):.4g}"]
            self._print(f"epoch {epoch + 1}/{self.epochs}", f"step {within}/{self.steps}", *value)

    def seconds_left(self) -> float | None:
        """Returns the estimated number of seconds to the end of the training; None before the first estimate."""
        if self.measured_seconds < LEAST_MEASURED and self.printed is None:
            return None
        left = self.epochs * self.steps - self.reached
        validations = self.epochs - self.reached // self.steps
        per_step = self.measured_seconds / max(self.measured_steps, 1e-9)
        between = self.validation_batches * per_step if self.between_epochs is None else self.between_epochs
        return left * per_step + validations * between

    def _print(self, *parts: str) -> None:
        left = self.seconds_left()
        if left is None:
            return
        self.printed = self.clock()
        line = ", ".join([*parts, f"{'at most ' if self.at_most else ''}{as_duration(left)} left"])
        if self.bar and len(parts) > 1:  # Keras draws the bar again in the next line
            line = f"\r{line:<{shutil.get_terminal_size().columns - 1}}"
        print(line, flush=True)

"""Stops a run that no longer improves, and keeps its best weights."""

import contextlib
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np

from keras_vae.distribute import from_chief
from keras_vae.models import Autoencoder
from keras_vae.optimizers import AverageWeights
from keras_vae.training.run import BEST, Run


class EarlyStopping(keras.callbacks.Callback):
    """Saves the model after the best epoch so far, and stops training after `patience` epochs without an improvement.

    The callback reads earlier epochs from the history of the run, so that a resumed run stops at the same epoch as an
    uninterrupted run. Place it before the callback that writes the history.

    Args:
        run: the run.
        patience: number of epochs.
        averages: the averages of the weights, if the optimizer keeps them. These are evaluated and saved.
    """

    def __init__(self, run: Run, patience: int, averages: AverageWeights | None):
        super().__init__()
        self.run, self.patience, self.averages = run, patience, averages

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        metric = metric_of(self.model)
        values = [*self.run.read_history().get(metric, []), float((logs or {})[metric])]
        if best_epoch(metric, values) == len(values) - 1:
            with contextlib.nullcontext() if self.averages is None else self.averages.averages():
                self.run.save_model(self.model, BEST)
        self.model.stop_training = stops_after(self.model, values, self.patience)


def stops_after(model: Autoencoder, values: Sequence[float], patience: int) -> bool:
    """Returns whether training stops after these epochs.

    Args:
        model: the model.
        values: the `metric_of` the model in each epoch. The chief of several workers decides, because the others do not
            have the epochs before a resume.
        patience: number of epochs without an improvement.
    """
    waited = epochs_without_better(metric_of(model), values)
    (stops,) = from_chief(model.distribute_strategy, [np.array(waited >= patience)])
    return bool(stops)


def metric_of(model: Autoencoder) -> str:
    """Returns the metric that compares epochs. It does not depend on the weights of the objective."""
    return "val_elbo" if "elbo" in model.report.means else "val_nll"


def epochs_without_better(metric: str, values: Sequence[float]) -> int:
    """Returns the number of epochs since the best one; 0 before the first epoch."""
    return len(values) - 1 - best_epoch(metric, values) if len(values) else 0


def best_epoch(metric: str, values: Sequence[float]) -> int:
    """Returns the index of the best epoch, or of the first of several equal ones.

    Example:

    >>> best_epoch("val_elbo", [-90.0, -80.0, -85.0, -80.0])
    1
    """
    signed = np.asarray(values) * (1 if metric == "val_elbo" else -1)
    return int(np.argmax(np.where(np.isnan(signed), -np.inf, signed)))

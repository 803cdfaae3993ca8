"""The optimizer of a configuration, and its learning rate."""

from typing import Any

import keras
from keras.optimizers import schedules
from keras.optimizers.schedules import LearningRateSchedule

from keras_vae import optimizers
from keras_vae.errors import InvalidInputError
from keras_vae.training.config import TrainingConfig


def new_optimizer(config: TrainingConfig, steps: int, rate: float, **changes: Any) -> keras.optimizers.Optimizer:
    """Returns a new optimizer of a configuration, for `steps` batches per epoch and a learning rate before its decay.

    `changes` replace options of the optimizer.
    """
    options = {**config.options.get("optimizer", {}), **changes}
    if options.get("gradient_accumulation_steps") == 1:  # Keras takes 2 or more
        del options["gradient_accumulation_steps"]
    return optimizers.get(config.optimizer, learning_rate(config, steps, rate), options)


def learning_rate(config: TrainingConfig, steps: int, rate: float) -> float | LearningRateSchedule:
    """Returns the learning rate of a configuration, as a number or as a schedule over steps.

    Args:
        config: the configuration.
        steps: number of batches per epoch.
        rate: the learning rate before its decay.

    Example:

    >>> schedule = learning_rate(TrainingConfig(epochs=4, decay="linear"), 10, 0.1)
    >>> [round(float(schedule(step)), 3) for step in (0, 20, 40)]
    [0.1, 0.05, 0.0]

    Raises:
        InvalidInputError: if the configuration has no number of epochs, see `with_defaults`.
    """
    if config.epochs is None:
        raise InvalidInputError("epochs: expected a number, got None; use `with_defaults` first.")
    total, warmup = config.epochs * steps, round(config.learning_rate_warmup * steps)
    schedule: float | LearningRateSchedule = rate
    if config.learning_rate_decay == "cosine":
        schedule = schedules.CosineDecay(rate, decay_steps=total)
    elif config.learning_rate_decay == "linear":
        schedule = schedules.PolynomialDecay(rate, decay_steps=total, end_learning_rate=0.0)
    return optimizers.Warmup(schedule, warmup) if warmup else schedule

"""Trains some of the epochs of a configuration."""

from collections.abc import Sequence

import keras
import tensorflow as tf

from keras_vae.data import SplitDataset
from keras_vae.data.lazy_array import LazyArray
from keras_vae.data.pipeline import steps_per_epoch
from keras_vae.models import Autoencoder
from keras_vae.training.config import TrainingConfig
from keras_vae.training.run_data import evaluation_split

MOST_STEPS_PER_EXECUTION = 32


def steps_of(config: TrainingConfig, data: SplitDataset) -> int:
    """Returns the number of batches per epoch."""
    return steps_per_epoch(len(data.train), config.batch_size_for(len(data.train)))


def fit_epochs(
    model: Autoencoder,
    data: SplitDataset,
    config: TrainingConfig,
    first: int,
    last: int,
    *,
    step: int = 0,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    verbose: int = 0,
) -> dict[str, list[float]]:
    """Trains a model of a configuration from epoch `first` to epoch `last`, exclusive.

    Args:
        model: a model returned by `build_model`.
        data: the data set.
        config: the configuration.
        first: index of the first epoch, from 0.
        last: index of the epoch after the last one.
        step: index of the first batch within the first epoch.
        callbacks: Keras callbacks.
        verbose: verbosity of `fit`.

    Returns:
        Metric -> its values, one per epoch.

    Raises:
        InvalidInputError: if examples cannot be read any more.
    """
    if first == last:
        return {}
    steps, batch_size = steps_of(config, data), config.batch_size_for(len(data.train))
    labels = model.condition is not None
    with model.distribute_strategy.scope():
        model.steps_per_execution = steps_per_execution(steps, step)
    model.train_function = model.test_function = None
    batches = data.train.batches(
        batch_size, shuffle=True, seed=config.seed, start_epoch=first, start_step=step,
        binarize=config.binarize, labels=labels,
    )  # fmt: skip
    try:
        return model.fit(
            batches,
            validation_data=evaluation_split(data.validation, config).batches(256, labels=labels),
            epochs=last,
            initial_epoch=first,
            steps_per_epoch=steps - step,
            callbacks=list(callbacks),
            shuffle=False,
            verbose=verbose,
        ).history
    except tf.errors.OpError as error:
        for x in (data.train.x, data.validation.x):
            if isinstance(x, LazyArray) and x.failure is not None:
                raise x.failure from error
        raise


def steps_per_execution(steps: int, done: int = 0) -> int:
    """Returns a common divisor of `steps` and `done`; 1 for several replicas, with which Keras 3.15 fails."""
    if tf.distribute.get_strategy().num_replicas_in_sync > 1:
        return 1
    return max(n for n in range(1, MOST_STEPS_PER_EXECUTION + 1) if steps % n == 0 and done % n == 0)

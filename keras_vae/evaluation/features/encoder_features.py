"""The latents of a model as features."""

from typing import Any

import numpy as np

from keras_vae.errors import InvalidInputError
from keras_vae.evaluation.arrays import as_examples, pieces
from keras_vae.evaluation.features.features import Features
from keras_vae.models import Autoencoder


class EncoderFeatures(Features):
    """The posterior means of a model, flattened.

    The model determines which examples are valid, including missing values.

    Args:
        model: a trained model.

    Raises:
        InvalidInputError: if it is not an `Autoencoder`.

    Example:

    >>> features = EncoderFeatures(zoo.vae((8, 8, 1), 2, units=(8,), seed=0))
    >>> features.name, features(np.zeros((3, 8, 8, 1))).shape
    ('posterior means of vae', (3, 2))
    """

    def __init__(self, model: Autoencoder):
        if not isinstance(model, Autoencoder):
            raise InvalidInputError(f"encoder features: expected a keras_vae model, got {type(model).__name__}.")
        self.model = model
        self.event_shape = model.event_shape
        self.name = f"posterior means of {model.name}"

    def __call__(self, x: Any, *, condition: Any = None) -> np.ndarray:
        x = as_examples(self.name, x)
        if condition is not None and np.shape(condition)[:1] != (len(x),):
            raise InvalidInputError(
                f"{self.name}: expected a condition for each of {len(x)} examples, got shape {np.shape(condition)}."
            )
        condition = None if condition is None else np.asarray(condition)

        def means(rows):
            rows_condition = None if condition is None else condition[rows]
            return self.model.encode(x[rows], condition=rows_condition).mean().numpy().astype("float32")

        return np.concatenate([batch.reshape(len(batch), -1) for batch in map(means, pieces(x))])

"""Features of a classifier that is trained on the data."""

import math
from typing import Any

import keras
import numpy as np

from keras_vae.checks import check_integer, check_seed
from keras_vae.data.validate import validate_labels
from keras_vae.errors import InvalidInputError
from keras_vae.evaluation.arrays import as_examples, check_known, scaled
from keras_vae.evaluation.features.features import Features
from keras_vae.networks import ConvEncoder, MLPEncoder

FITTED = 10_000  # examples by which inputs are standardised, and that test the classifier


class ClassifierFeatures(Features):
    """The input of the last layer of a small classifier that `fit` trains on the data.

    Args:
        model: Keras model from examples to features.
        accuracy: accuracy of the classifier on held-out examples.

    Example:

    >>> x, y = np.repeat(np.eye(4), 20, axis=0), np.repeat(np.arange(4), 20)
    >>> features = ClassifierFeatures.fit(x, y, epochs=2, units=8)
    >>> features(x).shape
    (80, 8)
    """

    batch_size: int = 1000

    def __init__(self, model: keras.Model, accuracy: float):
        self.model = model
        self.accuracy = accuracy
        self.event_shape = tuple(model.input_shape[1:])
        self.name = f"{model.output_shape[-1]} features of a classifier of the data, accuracy {accuracy:.1%}"

    @classmethod
    def fit(cls, x: Any, y: Any, *, epochs: int = 10, units: int = 128, seed: int = 0) -> "ClassifierFeatures":
        """Trains the classifier: convolutional for images of at least 8x8, otherwise dense.

        A fifth of the examples, at most 10 000, is held out. The same seed gives the same classifier, up to rounding.

        Args:
            x: examples `(N, *event_shape)`, ten or more with a label.
            y: integer labels `(N,)`; negative values are missing labels.
            epochs: number of passes over the examples.
            units: number of features.
            seed: seed of the initial weights, the split and the order of the examples.

        Raises:
            InvalidInputError: if shapes, values or labels are invalid, or if all labels are equal.
        """
        part, rng = "classifier features", np.random.default_rng(check_seed(seed))
        x, epochs, units = as_examples(part, x), check_integer("epochs", epochs), check_integer("units", units)
        y = validate_labels(y, len(x))
        classes, targets = np.unique(y, return_inverse=True)
        labelled = rng.permutation(np.flatnonzero(y >= 0))
        if len(labelled) < 10 or (classes >= 0).sum() < 2:
            raise InvalidInputError(
                f"{part}: expected 10 or more labelled examples of 2 or more classes, got {len(labelled)} of "
                f"{(classes >= 0).sum()}; use the features 'pca' instead."
            )
        held_out, rows = np.split(labelled, [min(len(labelled) // 5, FITTED)])

        def examples(rows):
            return check_known(part, scaled(x[rows]))

        body = _body(examples(rows[:FITTED]), units)
        classifier = keras.Sequential([body, keras.layers.Dense(len(classes), dtype="float32")])
        classifier.build(body.input_shape)
        _initialize(classifier, rng)
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        classifier.compile(keras.optimizers.Adam(2e-3), loss, jit_compile=False)
        size = min(max(len(rows) // 20, 8), 128)
        for _ in range(epochs):
            order = rng.permutation(rows)
            for batch in order[: len(rows) // size * size].reshape(-1, size):
                classifier.train_on_batch(examples(batch), targets[batch])
        tests = np.array_split(held_out, -(-len(held_out) // cls.batch_size))
        right = [classifier.predict_on_batch(examples(test)).argmax(axis=-1) == targets[test] for test in tests]
        return cls(body, float(np.concatenate(right).mean()))

    def of_batch(self, x: np.ndarray) -> np.ndarray:
        return self.model.predict_on_batch(x)


def _body(x, units):
    """A network from examples to features, with inputs standardised along the last axis."""
    if x.ndim == 4 and min(x.shape[1:3]) >= 8:
        network = ConvEncoder(x.shape[1:], units=units, dtype="float32")
    else:
        network = MLPEncoder(x.shape[1:], units=(units, units), dtype="float32")
    axes = tuple(range(x.ndim - 1))
    mean, variance = x.mean(axis=axes, dtype="float64"), x.var(axis=axes, dtype="float64")
    scale = keras.layers.Normalization(
        axis=-1, mean=mean, variance=np.where(variance > 0, variance, 1.0), dtype="float32"
    )
    return keras.Sequential([keras.Input(x.shape[1:], dtype="float32"), scale, network])


def _initialize(model, rng):
    """Initialises kernels as in He et al. (2015), and biases with zeros."""
    for variable in model.trainable_variables:
        if len(variable.shape) > 1:
            deviation = math.sqrt(2.0 / math.prod(variable.shape[:-1]))
            variable.assign(deviation * rng.standard_normal(variable.shape, "float32"))

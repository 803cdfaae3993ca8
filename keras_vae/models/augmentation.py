"""Augmentation: random transformations of the examples of a training step."""

from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf

from keras_vae.errors import InvalidInputError
from keras_vae.models.batch import check_spec, where_rows
from keras_vae.models.contracts import result_of
from keras_vae.random import fold
from keras_vae.replicas import own_seed

if TYPE_CHECKING:
    from keras_vae.models.autoencoder import Autoencoder

# Folded into the seed of a step, so that these kinds of noise are independent of each other and of the draws of z.
AUGMENTATION_NOISE, CORRUPTION_NOISE = 1_000_033, 1_000_003
ROUNDING = 1e-5
LOOKED_AT = 256


def augmented(model: "Autoencoder", data: Any, seed: tf.Tensor) -> Any:
    """Returns the batch of a training step with its examples augmented; examples outside the support stay as they are.

    Args:
        model: the model. Without an `augmentation`, the batch is returned as it is.
        data: what Keras hands to the step.
        seed: seed of the step. Each replica derives its own noise from it.
    """
    if model.augmentation is None:
        return data
    x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
    check_spec(x, model)
    x = tf.ensure_shape(model.prepare(x), (None, *model.event_shape))
    changed = transformed(model.augmentation, x, fold(own_seed(seed), AUGMENTATION_NOISE))
    inside = tf.clip_by_value(changed, *model.likelihood.interval)
    changed = tf.where(tf.abs(changed - inside) < ROUNDING, inside, changed)  # interpolation may give 1.0000001
    return where_rows(model.likelihood.examples_in_support(x), changed, x), y, sample_weight


def transformed(layer: keras.layers.Layer, x: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Calls a built Keras layer for training with `seed` in place of the states of its seed generators.

    The result is a function of `x` and the seed, int32 `(2,)`, and no variable changes.
    """
    weights = {id(weight) for weight in layer.weights}
    generators = [one for one in layer.variables if id(one) not in weights]
    states = [(one, tf.cast(fold(seed, i), one.dtype)) for i, one in enumerate(generators)]
    with keras.StatelessScope(state_mapping=states):
        return tf.cast(layer(x, training=True), tf.float32)


def check_augmentation(model: "Autoencoder") -> None:
    """Checks the augmentation of a model, and builds it.

    Raises:
        InvalidInputError: if it is no Keras layer, has weights to train, or does not keep the shape of the examples.
    """
    layer = model.augmentation
    if layer is None:
        return
    if not isinstance(layer, keras.layers.Layer):
        raise InvalidInputError(
            f"augmentation: expected a Keras layer or model, such as keras.layers.RandomFlip(), or None; got {layer!r}."
        )
    x = tf.zeros((2, *model.event_shape))
    result_of("augmentation", layer, "__call__", x)
    if layer.trainable_variables:
        raise InvalidInputError(
            f"augmentation: expected a layer without weights to train; {layer.name} has {layer.count_params()}; "
            "set its trainable to False, or use it in the encoder."
        )
    shape = result_of("augmentation", layer, "__call__", x).shape
    if tuple(shape) != tuple(x.shape):
        raise InvalidInputError(
            f"augmentation: expected a layer that keeps the shape {model.event_shape} of the examples; "
            f"{layer.name} gives {tuple(shape[1:])}; for crops, add padding of the same size before."
        )


def check_augmented(model: "Autoencoder", x: np.ndarray) -> None:
    """Checks, with some examples `x`, that augmented examples are in the support of the likelihood.

    Raises:
        InvalidInputError: if they are not, or if a layer clips the values of the examples.
    """
    if model.augmentation is None:
        return
    examples = model.prepare(x[:LOOKED_AT])
    low, high = float(tf.reduce_min(examples)), float(tf.reduce_max(examples))
    for layer in model.augmentation._flatten_layers():
        least, most = getattr(layer, "value_range", (low, high))
        if low < least or high > most:
            raise InvalidInputError(
                f"augmentation: {type(layer).__name__} expected values from {least:g} to {most:g}; the data have "
                f"values from {low:g} to {high:g}; leave it out, or scale the data."
            )
    changed, *_ = augmented(model, examples, tf.zeros(2, tf.int32))
    if not tf.reduce_all(model.likelihood.examples_in_support(changed)):
        raise InvalidInputError(
            f"augmentation: it makes values that the {type(model.likelihood).__name__} likelihood does not have, which "
            f"expects {model.likelihood.expects}; change it, or use another likelihood."
        )

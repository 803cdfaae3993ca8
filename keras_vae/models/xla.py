"""When to compile with XLA."""

import keras
import tensorflow as tf


def is_faster(model: keras.Model) -> bool:
    """Whether to expect that `model` trains faster with XLA: on a GPU any model, on a CPU one without convolutions.

    Example:

    >>> is_faster(zoo.vae((8, 8, 1), 2, network="conv", filters=(4,)))  # on a CPU
    False
    """
    convolutional = any(
        isinstance(layer, (keras.layers.Conv1D, keras.layers.Conv2D)) for layer in model._flatten_layers()
    )
    return not convolutional or bool(tf.config.list_physical_devices("GPU"))

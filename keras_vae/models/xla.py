"""When to compile with XLA."""

import keras
import tensorflow as tf


def pays(model: keras.Model) -> bool:
    """Whether `model` runs faster compiled with XLA: all do on a GPU, on a CPU those without convolutions.

    Example:

    >>> pays(zoo.vae((8, 8, 1), 2, network="conv", filters=(4,)))  # on a CPU
    False
    """
    convolutional = any(
        isinstance(layer, (keras.layers.Conv1D, keras.layers.Conv2D)) for layer in model._flatten_layers()
    )
    return not convolutional or bool(tf.config.list_physical_devices("GPU"))

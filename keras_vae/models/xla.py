"""The default of `jit_compile`."""

import keras
import tensorflow as tf


def is_faster(model: keras.Model) -> bool:
    """Returns whether `model` probably trains faster with XLA: on a GPU always, on a CPU without convolutions.

    Example:

    >>> is_faster(zoo.vae((8, 8, 1), 2, network="conv", filters=(4,)))  # on a CPU
    False
    """
    convolutional = any(
        isinstance(layer, (keras.layers.Conv1D, keras.layers.Conv2D)) for layer in model._flatten_layers()
    )
    return not convolutional or bool(tf.config.list_physical_devices("GPU"))

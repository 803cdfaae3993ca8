"""The default of `jit_compile`."""

import keras
import tensorflow as tf


def is_faster(model: keras.Model) -> bool:
    """Returns whether `model` probably trains faster with XLA.

    It does on a GPU, and on a CPU without convolutions. Several replicas on one CPU are slower, since XLA runs their
    steps one after the other.

    Example:

    >>> is_faster(zoo.vae((8, 8, 1), 2, network="conv", filters=(4,)))  # on a CPU
    False
    """
    if tf.config.list_physical_devices("GPU"):
        return True
    convolutional = any(
        isinstance(layer, (keras.layers.Conv1D, keras.layers.Conv2D)) for layer in model._flatten_layers()
    )
    strategy = model.distribute_strategy
    shares_cpu = isinstance(strategy, tf.distribute.MirroredStrategy) and strategy.num_replicas_in_sync > 1
    return not (convolutional or shares_cpu)

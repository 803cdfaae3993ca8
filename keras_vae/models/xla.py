"""The default of `jit_compile`."""

import keras
import tensorflow as tf


def is_faster(model: keras.Model) -> bool:
    """Returns whether `model` probably trains faster with XLA: on a GPU, and on a CPU without convolutions.

    Example:

    >>> is_faster(zoo.vae((8, 8, 1), 2, network="conv", filters=(4,)))  # on a CPU
    False
    """
    if share_cpu(model.distribute_strategy):
        return False
    convolutional = any(
        isinstance(layer, (keras.layers.Conv1D, keras.layers.Conv2D)) for layer in model._flatten_layers()
    )
    return not convolutional or bool(tf.config.list_physical_devices("GPU"))


def share_cpu(strategy: tf.distribute.Strategy) -> bool:
    """Returns whether several replicas share the CPU of this process, where they wait for each other under XLA.

    Example:

    >>> share_cpu(tf.distribute.MirroredStrategy(["CPU:0"]))
    False
    """
    if not isinstance(strategy, tf.distribute.MirroredStrategy) or strategy.num_replicas_in_sync == 1:
        return False
    return any("CPU" in device for device in strategy.extended.worker_devices)

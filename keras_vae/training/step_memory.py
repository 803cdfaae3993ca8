"""The memory that a training step needs."""

import math

import psutil
import tensorflow as tf

from keras_vae.errors import InvalidInputError
from keras_vae.models import Autoencoder
from keras_vae.random import as_seed
from keras_vae.text import counted, readable_bytes

OVERHEAD = 1.5
"""Ratio of the memory of a step to the sum of its tensors: TensorFlow frees tensors later, and uses buffers."""

MOST_PER_VALUE = 300
"""An upper limit of the memory of a step, relative to that of its batch. Smaller steps need no graph to be traced."""

SHARED = ("Reshape", "Identity", "StopGradient", "ExpandDims", "Squeeze", "Placeholder", "Const", "ReadVariableOp")
"""Operations whose outputs are not new memory."""


def check_batch_fits(event_shape: tuple[int, ...], batch_size: int) -> None:
    """Raises `InvalidInputError` if a batch, its reconstruction and its gradient do not fit in the free memory.

    Args:
        event_shape: shape of an example.
        batch_size: number of examples in a batch.
    """
    _check_fits(3 * _bytes_of_batch(event_shape, batch_size), event_shape, batch_size)


def check_step_fits(model: Autoencoder, batch_size: int) -> None:
    """Raises `InvalidInputError` if a training step on the CPU does not fit in the free memory.

    Args:
        model: a built and compiled model.
        batch_size: number of examples in a batch.
    """
    if tf.config.list_physical_devices("GPU"):  # TensorFlow reports it if their memory is not sufficient
        return
    if MOST_PER_VALUE * _bytes_of_batch(model.event_shape, batch_size) > psutil.virtual_memory().available:
        _check_fits(OVERHEAD * memory_of_step(model, batch_size), model.event_shape, batch_size)


def _check_fits(needed, event_shape, batch_size):
    available = psutil.virtual_memory().available
    if needed > available:
        raise InvalidInputError(
            f"batch_size: expected a training step that fits in {readable_bytes(available)} of free memory, got "
            f"{counted(batch_size, 'example')} of shape {event_shape}, for which it needs more than "
            f"{readable_bytes(needed)}; use a smaller batch or a smaller image_size."
        )


def _bytes_of_batch(event_shape, batch_size):
    return 4 * batch_size * math.prod(event_shape)


def memory_of_step(model: Autoencoder, batch_size: int) -> int:
    """Estimates the memory of the activations and gradients of a training step, in bytes, from its graph.

    It is the largest sum of the tensors that exist at the same time, if each is freed after its last use. Nothing is
    computed. The optimizer, XLA and the buffers of single operations are not considered.

    Args:
        model: a built and compiled model.
        batch_size: number of examples in a batch.

    Example:

    >>> model = kv.zoo.vae((64, 64, 3), 8, network="conv", filters=(16, 32), units=8, seed=0)
    >>> model.compile("adam")
    >>> round(memory_of_step(model, 32) / 2**20), round(memory_of_step(model, 64) / 2**20)
    (24, 47)
    """
    data = [tf.TensorSpec((batch_size, *model.event_shape), tf.float32)]
    if model.condition is not None:
        condition = model.condition.example(1)
        data.append(tf.TensorSpec((batch_size, *condition.shape[1:]), condition.dtype))

    def gradients(*data: tf.Tensor):
        return model.gradients(data, as_seed(0))[0]

    graph = tf.function(gradients, autograph=False).get_concrete_function(*data).graph
    operations = graph.get_operations()
    last_use = {id(tensor): i for i, operation in enumerate(operations) for tensor in operation.inputs}
    freed: dict[int, int] = {}
    held = most = 0
    for i, operation in enumerate(operations):
        for tensor in operation.outputs:
            size = _bytes(tensor, batch_size)
            held += size
            end = last_use.get(id(tensor), i)
            freed[end] = freed.get(end, 0) + size
        most = max(most, held)
        held -= freed.pop(i, 0)
    return most


def _bytes(tensor: tf.Tensor, unknown: int) -> int:
    if tensor.op.type in SHARED or tensor.shape.rank is None or tensor.dtype in (tf.resource, tf.variant, tf.string):
        return 0
    return tensor.dtype.size * math.prod(size or unknown for size in tensor.shape)

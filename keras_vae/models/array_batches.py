"""Batches of arrays: in their order, or in a random order that a seed determines."""

import math
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_vae.errors import InvalidInputError
from keras_vae.models.inputs import is_array
from keras_vae.models.stream_adapter import adapted
from keras_vae.pipeline_options import pipeline_options
from keras_vae.random import as_seed, fold

ORDER = -3
"""The number that is folded into the seed of a model for the order of the examples."""


DATA = ("x", "y", "sample_weight")
BATCH_SIZE = 32
"""Keras's default."""

PREFETCHED = 8
"""The number of batches that are ready before they are needed."""

PLAIN = tf.autograph.experimental.do_not_convert
"""Leaves a function of a pipeline as it is. Its conversion would delay the first batch by a second."""


def in_batches(arguments: dict[str, Any], seed: int = 0, step: int | None = None) -> dict[str, Any]:
    """Returns the arguments of `fit` or `evaluate` with batches in place of arrays, and adapters of other streams.

    Args:
        arguments: arguments by name, with `x`, `y` and `sample_weight`.
        seed: see `shuffled_batches`.
        step: see `shuffled_batches`; None for examples in their order.

    Raises:
        InvalidInputError: see `split_arrays`; also if the lengths of the arrays differ.
    """
    shuffle = False if step is None else arguments.get("shuffle", True)
    size = arguments.get("batch_size") or BATCH_SIZE
    if not is_array(arguments["x"]) or shuffle == "batch":
        arguments = {**arguments, "x": adapted(*map(arguments.get, DATA), shuffle=shuffle)}
    else:
        data = tuple(arguments[name] for name in DATA)
        _check_lengths(data, "evaluate" if step is None else "fit")
        split = arguments.get("validation_split") or 0.0
        if split and arguments.get("validation_data") is None:
            data, validation = split_arrays(data, split)
            arguments = {**arguments, "validation_data": validation}
        data = _without_none(data)
        if shuffle and step is not None:
            batches = shuffled_batches(data, size, seed, step)
        else:
            batches = ordered_batches(data, size)
        others = {name: value for name, value in arguments.items() if name not in (*DATA, "validation_split")}
        arguments = {**others, "x": batches} | ({} if step is None else {"shuffle": False})
    validation = arguments.get("validation_data")
    if isinstance(validation, tuple) and is_array(validation[0]):
        _check_lengths(validation, "validation_data")
        size = arguments.get("validation_batch_size") or size
        arguments = {**arguments, "validation_data": ordered_batches(_without_none(validation), size)}
    elif isinstance(validation, tuple):
        arguments = {**arguments, "validation_data": (adapted(*validation), *validation[1:])}
    return arguments


def shuffled_batches(data: Any, batch_size: int, seed: int, step: int) -> tf.data.Dataset:
    """Returns batches of arrays, in another order in each pass.

    The order is a function of the seed and of the number of training batches before the pass, if all passes are whole.

    Keras's own order depends on TensorFlow's global seed: without one it differs from run to run, and with one it is
    the same in each epoch.

    Args:
        data: arrays or tensors `(N, ...)`, or a structure of them.
        batch_size: number of examples in a batch; the last one may have fewer.
        seed: seed of the order.
        step: number of training batches before the first pass.

    Example:

    >>> batches = [*shuffled_batches(np.arange(6), 4, seed=0, step=0)]
    >>> [len(batch) for batch in batches], sorted(np.concatenate(batches).tolist())
    ([4, 2], [0, 1, 2, 3, 4, 5])
    """
    tensors, n = _as_tensors(data)
    batches = -(-n // batch_size)
    with tf.device("CPU"):
        # Not `from_generator`: after Python has run in a thread of TensorFlow, each step on a CPU allocates new memory.
        next_step = tf.Variable(step, dtype=tf.int64, trainable=False)

    def indices_of(_: tf.Tensor) -> tf.data.Dataset:
        step = next_step.assign_add(batches) - batches
        key = fold(fold(as_seed(seed), ORDER), step)
        order = tf.random.experimental.stateless_shuffle(tf.range(n, dtype=tf.int64), key)
        return tf.data.Dataset.range(batches).map(PLAIN(lambda i: order[i * batch_size : (i + 1) * batch_size]))

    return _batches(tf.data.Dataset.range(1).flat_map(PLAIN(indices_of)), batches, tensors, tf.gather)


def ordered_batches(data: Any, batch_size: int) -> tf.data.Dataset:
    """Returns batches of arrays in their order.

    Args:
        data: see `shuffled_batches`.
        batch_size: see `shuffled_batches`.

    Example:

    >>> [batch.tolist() for batch in ordered_batches(np.arange(6), 4).as_numpy_iterator()]
    [[0, 1, 2, 3], [4, 5]]
    """
    tensors, n = _as_tensors(data)
    batches = -(-n // batch_size)

    def read(tensor: tf.Tensor, i: tf.Tensor) -> tf.Tensor:
        return tensor[i * batch_size : (i + 1) * batch_size]

    return _batches(tf.data.Dataset.range(batches), batches, tensors, read)


def _batches(keys: tf.data.Dataset, batches: int, tensors: Any, read: Callable[..., tf.Tensor]) -> tf.data.Dataset:
    def batch(key: tf.Tensor) -> Any:
        return tf.nest.map_structure(lambda tensor: read(tensor, key), tensors)

    return (
        keys.map(PLAIN(batch))
        .apply(tf.data.experimental.assert_cardinality(batches))
        .prefetch(PREFETCHED)
        .with_options(pipeline_options())
    )


def split_arrays(data: tuple[Any, ...], validation_split: float) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """Returns the first part of arrays for training, and the rest for validation, as Keras splits them.

    Args:
        data: arrays or tensors `(N, ...)`, or None for a missing one.
        validation_split: the fraction for validation.

    Raises:
        InvalidInputError: if one of the two would be empty.
    """
    n = len(data[0])
    training = math.floor(n * (1.0 - validation_split))
    if training in (0, n):
        raise InvalidInputError(
            f"validation_split: expected examples for training and for validation, got {validation_split:g} of {n}; "
            "use more examples or another fraction."
        )
    first, rest = (
        tuple(None if part is None else part[rows] for part in data) for rows in (slice(training), slice(training, n))
    )
    return first, rest


def _check_lengths(data: tuple[Any, ...], part: str) -> None:
    sizes = {name: len(each) for name, each in zip(DATA, data, strict=False) if each is not None}
    if len({*sizes.values()}) > 1:
        described = ", ".join(f"{name} of {size}" for name, size in sizes.items())
        raise InvalidInputError(f"{part}: expected arrays of one length, got {described}; give a row for each example.")


def _without_none(data: tuple[Any, ...]) -> tuple[Any, ...]:
    """Returns `(x,)`, `(x, y)` or `(x, y, sample_weight)`."""
    return data if data[-1] is not None or len(data) == 1 else _without_none(data[:-1])


def _as_tensors(data: Any) -> tuple[Any, int]:
    """Returns a structure of arrays as tensors, and their length."""
    with tf.device("CPU"):
        tensors = tf.nest.map_structure(_as_tensor, data)
    return tensors, len(tf.nest.flatten(tensors)[0])


def _as_tensor(array: Any) -> tf.Tensor:
    """Returns a tensor, with floats in Keras's default precision, as Keras converts arrays."""
    if not tf.is_tensor(array):
        array = np.asarray(array)
        if array.dtype.kind == "f":
            array = array.astype(keras.config.floatx(), copy=False)
    tensor = tf.convert_to_tensor(array)
    return tf.cast(tensor, keras.config.floatx()) if tensor.dtype.is_floating else tensor

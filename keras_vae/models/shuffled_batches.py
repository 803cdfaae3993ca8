"""Batches of arrays in a random order that a seed determines."""

import math
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_vae.errors import InvalidInputError
from keras_vae.models.inputs import is_array
from keras_vae.random import as_seed, fold

ORDER = -3
"""The number that is folded into the seed of a model for the order of the examples."""


DATA = ("x", "y", "sample_weight")
BATCH_SIZE = 32
"""Keras's default."""


def in_own_order(arguments: dict[str, Any], seed: int, step: Callable[[], int]) -> dict[str, Any]:
    """Returns the arguments of `fit` with `shuffled_batches` in place of arrays that Keras would shuffle.

    Args:
        arguments: arguments of `fit` by name, with `x`, `y` and `sample_weight`.
        seed: see `shuffled_batches`.
        step: see `shuffled_batches`.

    Raises:
        InvalidInputError: see `split_arrays`; also if the lengths of the arrays differ.
    """
    if not is_array(arguments["x"]) or arguments.get("shuffle", True) in (False, "batch"):
        return arguments
    data = tuple(arguments[name] for name in DATA)
    sizes = {name: len(each) for name, each in zip(DATA, data, strict=True) if each is not None}
    if len({*sizes.values()}) > 1:
        described = ", ".join(f"{name} of {size}" for name, size in sizes.items())
        raise InvalidInputError(f"fit: expected arrays of one length, got {described}; give a row for each example.")
    split = arguments.get("validation_split") or 0.0
    if split and arguments.get("validation_data") is None:
        data, validation = split_arrays(data, split)
        arguments = {**arguments, "validation_data": validation}
    while data[-1] is None:
        data = data[:-1]
    batches = shuffled_batches(data, arguments.get("batch_size") or BATCH_SIZE, seed, step)
    others = {name: value for name, value in arguments.items() if name not in (*DATA, "validation_split")}
    return {**others, "x": batches, "shuffle": False}


def shuffled_batches(data: Any, batch_size: int, seed: int, step: Callable[[], int]) -> tf.data.Dataset:
    """Returns batches of arrays, in another order in each pass, which is a function of the seed and the step.

    Keras's own order depends on TensorFlow's global seed: without one it differs from run to run, and with one it is
    the same in each epoch.

    Args:
        data: arrays or tensors `(N, ...)`, or a structure of them.
        batch_size: number of examples in a batch; the last one may have fewer.
        seed: seed of the order.
        step: returns the number of training batches so far, at the start of each pass.

    Example:

    >>> batches = [*shuffled_batches(np.arange(6), 4, 0, lambda: 0)]
    >>> [len(batch) for batch in batches], sorted(np.concatenate(batches).tolist())
    ([4, 2], [0, 1, 2, 3, 4, 5])
    """
    with tf.device("CPU"):
        tensors = tf.nest.map_structure(_as_tensor, data)
    n = len(tf.nest.flatten(tensors)[0])
    batches = -(-n // batch_size)

    def indices_of(step: tf.Tensor) -> tf.data.Dataset:
        order = tf.random.experimental.stateless_shuffle(
            tf.range(n, dtype=tf.int64), fold(fold(as_seed(seed), ORDER), step)
        )
        return tf.data.Dataset.range(batches).map(plain(lambda i: order[i * batch_size : (i + 1) * batch_size]))

    def batch(indices: tf.Tensor) -> Any:
        return tf.nest.map_structure(lambda tensor: tf.gather(tensor, indices), tensors)

    plain = tf.autograph.experimental.do_not_convert  # the conversion would delay the first batch by a second
    options = tf.data.Options()
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.DATA
    return (
        tf.data.Dataset.from_generator(lambda: [step()], output_signature=tf.TensorSpec((), tf.int64))
        .flat_map(plain(indices_of))
        .map(plain(batch), num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
        .apply(tf.data.experimental.assert_cardinality(batches))
        .prefetch(tf.data.AUTOTUNE)
        .with_options(options)
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


def _as_tensor(array: Any) -> tf.Tensor:
    """Returns a tensor, with floats in Keras's default precision, as Keras converts arrays."""
    if not tf.is_tensor(array):
        array = np.asarray(array)
        if array.dtype.kind == "f":
            array = array.astype(keras.config.floatx(), copy=False)
    tensor = tf.convert_to_tensor(array)
    return tf.cast(tensor, keras.config.floatx()) if tensor.dtype.is_floating else tensor

"""Keras's `class_weight`: a weight per example from its label."""

import numbers
from collections.abc import Mapping
from functools import partial
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_vae.errors import InvalidInputError
from keras_vae.layers.condition import is_numeric
from keras_vae.models.converted_batches import ConvertedBatches
from keras_vae.models.inputs import as_numbers, is_array


def weigh_by_class(
    x: Any, y: Any, sample_weight: Any, class_weight: Mapping[int, float], *, validation_split: float = 0.0
) -> tuple[Any, Any]:
    """Turns class weights into sample weights.

    Args:
        x: examples `(N, *event_shape)`, or a `tf.data.Dataset` or `keras.utils.PyDataset` of batches `(x, y)`.
        y: labels of examples in an array, see `weights_of_labels`.
        sample_weight: None.
        class_weight: label -> weight.
        validation_split: fraction at the end of the arrays that Keras uses for validation, without weights.

    Returns:
        `x`, whose batches are `(x, y, sample_weight)` for a data set, and the weights `(N,)` for arrays, else None.

    Raises:
        InvalidInputError: if weights are not numbers >= 0, if labels are invalid, or if there is also a
            `sample_weight`.
    """
    _check(class_weight, x, sample_weight)
    if isinstance(x, tf.data.Dataset):
        weigh = lambda x, y: (x, y, weights_of_labels(y, class_weight))  # noqa: E731
        return x.map(weigh, num_parallel_calls=tf.data.AUTOTUNE), None
    if isinstance(x, keras.utils.PyDataset):
        return ConvertedBatches(x, partial(_weighed, class_weight=class_weight)), None
    n = len(x)
    _check_labels(y, n)
    if (weights_of_labels(y, dict.fromkeys(class_weight, 2.0)).numpy() == 1.0).all():
        raise InvalidInputError(
            f"class_weight: expected weights of labels in y, got those of {', '.join(map(str, class_weight))} only, "
            "which no example has; name the labels of y."
        )
    training = int(n * (1.0 - validation_split))
    return x, np.where(np.arange(n) < training, weights_of_labels(y, class_weight), np.float32(1))


def weights_of_labels(y: Any, class_weight: Mapping[int, float]) -> tf.Tensor:
    """The weight of each example from its label, float32 `(N,)`; 1 for a label that is not in `class_weight`.

    Keras would use the position of a label in `class_weight`, and class 0 for a row without a label.

    Args:
        y: integers `(N,)` or `(N, 1)`, or one-hot rows `(N, C)`; -1, or a row of -1, is a missing label.
        class_weight: label -> weight.

    Returns:
        The weights; NaN for invalid labels.

    Example:

    >>> weights_of_labels([3, 0, -1], {3: 4.0}).numpy().tolist()
    [4.0, 1.0, 1.0]
    """
    y = tf.convert_to_tensor(y)
    columns = tf.cast(tf.reshape(y, [tf.shape(y)[0], tf.reduce_prod(tf.shape(y)[1:])]), tf.float64)
    first, is_one_hot = columns[:, 0], tf.shape(columns)[1] > 1
    missing = tf.reduce_all(columns == -1.0, axis=1)
    sums_to_one = tf.reduce_all(columns >= 0.0, axis=1) & (tf.abs(tf.reduce_sum(columns, axis=1) - 1.0) < 1e-3)
    is_label = tf.where(is_one_hot, missing | sums_to_one, tf.math.is_finite(first) & (first == tf.round(first)))
    label = tf.where(is_one_hot & ~missing, tf.argmax(columns, axis=1), tf.cast(first, tf.int64))
    labels = np.array(sorted(class_weight), np.int64)
    weights = np.array([class_weight[label] for label in labels], np.float32)
    place = tf.minimum(tf.searchsorted(labels, label), len(labels) - 1)
    weight = tf.where(tf.gather(labels, place) == label, tf.gather(weights, place), 1.0)
    return tf.where(is_label, weight, np.nan)


def _weighed(batch: Any, class_weight: Mapping[int, float]) -> tuple[Any, Any, Any]:
    """A batch `(x, y)` as `(x, y, sample_weight)`, see `weights_of_labels`."""
    x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(batch)
    if y is None or sample_weight is not None:
        raise InvalidInputError("class_weight: expected batches (x, y) of examples and labels; leave it out.")
    return x, y, weights_of_labels(as_numbers("class_weight: labels y", y), class_weight).numpy()


def _check(class_weight: Any, x: Any, sample_weight: Any) -> None:
    elements = len(x.element_spec) if isinstance(x, tf.data.Dataset) and isinstance(x.element_spec, tuple) else 1
    if sample_weight is not None or elements == 3:
        raise InvalidInputError("class_weight: expected it or sample_weight, got both; multiply them into one.")
    known = isinstance(class_weight, Mapping) and len(class_weight) > 0
    if not known or not all(_is_label(label) and _is_weight(weight) for label, weight in class_weight.items()):
        raise InvalidInputError(
            f"class_weight: expected numbers >= 0 by label, such as {{0: 1.0, 1: 2.5}}; got {class_weight!r}."
        )
    if not any(class_weight.values()):
        raise InvalidInputError("class_weight: expected some weights above 0, got 0 for every label that it names.")
    if isinstance(x, tf.data.Dataset) and elements != 2:
        raise InvalidInputError("class_weight: expected batches (x, y) with labels, got x alone; give the labels too.")
    if isinstance(x, tf.data.Dataset) and not _may_be_labels(x.element_spec[1]):
        raise InvalidInputError(
            f"class_weight: expected batches (x, y) with labels as y, shape (N,) or one-hot (N, C); got "
            f"{x.element_spec[1]}; give sample_weight instead."
        )
    if not is_array(x) and not isinstance(x, (tf.data.Dataset, keras.utils.PyDataset)):
        raise InvalidInputError(
            "class_weight: Keras does not take it with a generator; yield (x, y, sample_weight) instead."
        )


def _is_label(label: Any) -> bool:
    return isinstance(label, numbers.Integral) and abs(int(label)) < 2**63


def _is_weight(weight: Any) -> bool:
    size = weight if isinstance(weight, int) else float(weight) if isinstance(weight, numbers.Real) else np.nan
    return 0 <= size <= float(np.finfo("float32").max)


def _may_be_labels(spec: Any) -> bool:
    is_tensor = isinstance(spec, tf.TensorSpec) and is_numeric(spec.dtype)
    return is_tensor and spec.shape.rank in (None, 1, 2)


def _check_labels(y: Any, n: int) -> None:
    """Checks that `y`, for an array, contains labels."""
    shape = np.shape(y)  # () if there are none
    if len(shape) not in (1, 2) or shape[0] != n or 0 in shape:
        raise InvalidInputError(
            f"class_weight: expected labels as y, shape ({n},) or one-hot ({n}, C); got "
            f"{'no y' if y is None else shape}; give sample_weight instead."
        )
    bad = np.isnan(weights_of_labels(as_numbers("y", y), {0: 1.0}))
    if bad.any():
        raise InvalidInputError(
            f"class_weight: expected labels as y, whole numbers or one-hot rows; got other numbers in {bad.sum()} of "
            f"{n} examples, the first at index {bad.argmax()}; give sample_weight instead."
        )

"""The range of the training data, with which later examples are compared."""

import warnings
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf

from keras_vae.checks import FAR_FROM_BYTES, is_image
from keras_vae.errors import InvalidInputError, shortest
from keras_vae.models.inputs import as_numbers, check_shape, check_values, extremes, is_array

if TYPE_CHECKING:
    from keras_vae.models.autoencoder_base import AutoencoderBase

BYTES = (0.0, 1.0)
"""The range of uint8 images, which are divided by 255."""

LEAST_WIDTH = 1.0
"""The least width of a range, for training data that hardly vary."""

Range = tuple[float, float]


def note_range(model: "AutoencoderBase", x: Any) -> None:
    """Widens `data_range` of a model to that of training examples.

    Args:
        model: the model.
        x: checked examples, or a `tf.data.Dataset`, of which only uint8 batches are known without reading them.
    """
    if isinstance(x, tf.data.Dataset):
        first, *_ = keras.utils.unpack_x_y_sample_weight(x.element_spec)
        found = BYTES if first.dtype == tf.uint8 else None
    elif is_array(x):
        found = _range_of(as_numbers("x", x))
    else:
        found = None
    if found is not None:
        known = model.data_range or found
        model.data_range = (min(known[0], found[0]), max(known[1], found[1]))


def check_data_range(data_range: Any) -> Range | None:
    """Returns a range as two floats, or None; raises `InvalidInputError` for anything else."""
    if data_range is None:
        return None
    ends = np.asarray(data_range, "float64") if isinstance(data_range, (tuple, list)) else np.array([])
    if ends.shape != (2,) or not np.isfinite(ends).all() or ends[0] > ends[1]:
        raise InvalidInputError(f"data_range: expected two numbers, such as (0.0, 1.0), or None; got {data_range!r}.")
    return float(ends[0]), float(ends[1])


def takes_intensities(model: "AutoencoderBase") -> bool:
    """Returns whether images from 0 to 1, as those of files and of uint8, may be in the units of the training data."""
    return model.data_range is None or model.data_range[1] <= FAR_FROM_BYTES


def usual_means(model: "AutoencoderBase") -> Range | None:
    """Returns the limits of the mean of an example: the range of the training data, widened by its width on each side.

    The mean tells other units, such as pixels from 0 to 255 for a model of pixels from 0 to 1, from single pixels that
    are too bright. None if the range is unknown.
    """
    if model.data_range is None:
        return None
    low, high = model.data_range
    width = max(high - low, LEAST_WIDTH)
    return low - width, high + width


def check_new_examples(model: "AutoencoderBase", x: Any, *, part: str = "x") -> np.ndarray:
    """Returns `x` as examples for a trained model: those of `check_examples`, in the units of the training data.

    Raises:
        InvalidInputError: see `check_examples` and `check_units`.
    """
    x = check_shape(x, model.event_shape, part=part)
    low, high = extremes(x)
    check_values(x, low, high, model.likelihood, part=part)
    check_units(model, x, low, high, part=part)
    return x


def check_array_units(model: "AutoencoderBase", x: Any, *, part: str = "x") -> None:
    """Calls `check_units` for checked examples in an array; the values of a stream are unknown."""
    if is_array(x) and model.data_range is not None:
        x = as_numbers(part, x)
        check_units(model, x, *extremes(x), part=part)


def check_units(model: "AutoencoderBase", x: np.ndarray, low: float, high: float, *, part: str = "x") -> None:
    """Compares examples with the range of the training data; warns about other examples than images.

    Args:
        model: the model.
        x: checked examples `(N, *event_shape)`.
        low: their minimum.
        high: their maximum.
        part: their name in messages.

    Raises:
        InvalidInputError: for images in other units than those of training.
    """
    limits = usual_means(model)
    if model.data_range is None or limits is None:
        return
    ends = " to ".join(map(shortest, model.data_range))
    if x.dtype == np.uint8:
        if not takes_intensities(model) and is_image(model.event_shape):
            raise InvalidInputError(
                f"{part}: expected values like those of training, {ends}, got uint8, which is divided by 255; give "
                "the values as they were in training, such as x.astype('float32')."
            )
        return
    if limits[0] <= low and high <= limits[1]:
        return
    flat = x.reshape(len(x), -1)
    means = np.nansum(flat, axis=1, dtype="float64") / np.maximum(np.sum(~np.isnan(flat), axis=1), 1)
    count = int(np.sum((means < limits[0]) | (means > limits[1])))
    if not count:
        return
    images = is_image(model.event_shape)
    pixels = images and takes_intensities(model) and low >= 0 and high <= 255
    message = (
        f"{part}: expected values like those of training, {ends}, got {count} of {len(x)} examples in other units, "
        f"from {shortest(np.nanmin(x))} to {shortest(np.nanmax(x))}; "
        f"{'give uint8, or divide by 255' if pixels else 'scale them as in training'}."
    )
    if images:
        raise InvalidInputError(message)
    warnings.warn(message, stacklevel=3)


def examples_in_units(model: "AutoencoderBase", x: tf.Tensor) -> tf.Tensor:
    """Returns which examples have the units of the training data, as bool `(B,)`, in a graph.

    As `check_units`: it is about images only, and all examples have them if the range is unknown.

    Args:
        model: the model.
        x: float32 examples `(B, *event_shape)`.
    """
    limits = usual_means(model)
    if limits is None or not is_image(model.event_shape):
        return tf.ones(tf.shape(x)[:1], tf.bool)
    axes, known = [*range(1, x.shape.rank)], ~tf.math.is_nan(x)
    total = tf.reduce_sum(tf.where(known, x, 0.0), axis=axes)
    mean = total / tf.maximum(tf.reduce_sum(tf.cast(known, tf.float32), axis=axes), 1.0)
    return ~((mean < limits[0]) | (mean > limits[1]))


def _range_of(x: np.ndarray) -> Range:
    if x.dtype == np.uint8:
        return BYTES
    low, high = extremes(x)
    if np.isnan(low):
        low, high = np.nanmin(x), np.nanmax(x)
    return float(low), float(high)

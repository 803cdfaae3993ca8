"""Checks of examples before a model uses them."""

import inspect
import warnings
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf

from keras_vae.checks import check_integer, check_unmasked, is_image
from keras_vae.distributions import Likelihood
from keras_vae.distributions.table import table_within
from keras_vae.errors import InvalidInputError
from keras_vae.models.batch import check_batches_spec
from keras_vae.models.converted_batches import ConvertedBatches
from keras_vae.pipeline_options import without_tuning

if TYPE_CHECKING:
    from keras_vae.models.conditioning import Conditioning

ALIGNMENT = 64
SEEN, TOO_LARGE = 1000, 100.0
DARKEST = 32.0
"""The least maximum of some images from 0 to 255, of which all can be dark."""


def check_examples(x: Any, likelihood: Likelihood, *, part: str = "x") -> np.ndarray:
    """Returns `x` as an array of valid examples `(N, *event_shape)`.

    uint8 remains uint8, with values from 0 to 255; all other dtypes become float32 with the same values.

    Raises:
        InvalidInputError: if rank or shape differ, if there are no examples, or if values are not numbers, not
            finite, or outside the support of the likelihood.
    """
    x = check_shape(x, likelihood.event_shape, part=part)
    check_values(x, *extremes(x), likelihood, part=part)
    return x


def check_shape(x: Any, event_shape: tuple[int, ...], *, part: str = "x") -> np.ndarray:
    """Returns `x` as an array of one or more examples, without checking its values, see `check_examples`."""
    x = as_numbers(part, x)
    if x.shape[1:] != event_shape or x.ndim == 0:
        hint = " (one example needs a batch axis: x[None])" if x.shape == event_shape else ""
        if x.ndim == 4 and (*x.shape[2:], x.shape[1]) == event_shape:
            hint = " (its channels come first: give np.moveaxis(x, 1, -1))"
        if x.ndim > 2 and (*x.shape[1:], 1) == event_shape:
            hint = " (it has no channel axis: give x[..., None])"
        raise InvalidInputError(f"{part}: expected shape (N, {_commas(event_shape)}), got {x.shape}{hint}.")
    if len(x) == 0:
        raise InvalidInputError(f"{part}: expected at least one example, got none.")
    return x


def check_values(x: np.ndarray, low: float, high: float, likelihood: Likelihood, *, part: str = "x") -> None:
    """Checks the values of `x`, which range from `low` to `high`, see `check_examples`."""
    if x.dtype == np.uint8:
        low, high = low / 255, high / 255
    elif not (np.isfinite(low) and np.isfinite(high)) and likelihood.allows_missing and not np.isinf(x).any():
        if np.isnan(x).all():
            raise InvalidInputError(f"{part}: expected some values that are not missing, got NaN everywhere.")
        low, high = np.nanmin(x), np.nanmax(x)
    elif not (np.isfinite(low) and np.isfinite(high)):
        rows = np.flatnonzero(~np.isfinite(x).reshape(len(x), -1).all(axis=1))
        missing = np.isnan(x).any() and not np.isinf(x).any()
        remedy = ", or take masked_vae, for which NaN is a missing value" if missing else ""
        raise InvalidInputError(
            f"{part}: expected finite numbers, got NaN or infinity in {len(rows)} of {len(x)} examples, "
            f"the first at index {rows[0]}; drop or repair them{remedy}."
        )
    likelihood.check_range(float(low), float(high))
    likelihood.check_events(x)


def to_tensor(x: np.ndarray) -> tuple[tf.Tensor, float, float]:
    """Returns `x` as a tensor, and its minimum and maximum.

    The array is copied once, into memory with TensorFlow's alignment; `tf.convert_to_tensor` copies twice.
    """
    memory = np.empty(x.nbytes + ALIGNMENT, np.uint8)
    start = -memory.ctypes.data % ALIGNMENT
    copy = memory[start : start + x.nbytes].view(x.dtype).reshape(x.shape)
    low, high = extremes(x, copy)
    return tf.experimental.dlpack.from_dlpack(copy.__dlpack__()), low, high


def check_codes(z: Any, latent_shape: tuple[int, ...]) -> np.ndarray:
    """Returns `z` as a float32 array of latents `(N, *latent_shape)`.

    Raises:
        InvalidInputError: if the shape differs, if there are no latents, or if values are not finite numbers.
    """
    z = as_numbers("z", z).astype("float32", copy=False)
    if z.shape[1:] != latent_shape or z.ndim == 0 or len(z) == 0 or not np.isfinite(z).all():
        raise InvalidInputError(
            f"z: expected finite codes of shape (N, {_commas(latent_shape)}), N >= 1; "
            f"got shape {z.shape}{'' if np.isfinite(z).all() else ' with NaN or infinity'}."
        )
    return z


def is_array(x: Any) -> bool:
    """Returns whether `x` is in memory: an array, a tensor, a pandas table, or lists of numbers."""
    return isinstance(x, (list, tuple)) or (hasattr(x, "__array__") and not isinstance(x, tf.data.Dataset))


def check_training_data(
    model: "Conditioning",
    x: Any,
    y: Any = None,
    *,
    sample_weight: Any = None,
    batch_size: int | None = None,
    part: str = "x",
    **_: Any,
) -> None:
    """Checks the data of `fit` or `evaluate`: all values of an array, shapes and dtypes of a `tf.data.Dataset`.

    No batch of a stream is read here: each step checks the values of its batch, see `BadBatches`.

    Raises:
        InvalidInputError: see `check_examples`; also for sample weights that cannot be used or that Keras would drop.
    """
    if batch_size is not None:
        check_integer("batch_size", batch_size)
    check_is_data(x, part=part)
    if isinstance(x, tf.data.Dataset):
        _check_dataset(model, x, part)
    if isinstance(x, keras.utils.PyDataset) and x.num_batches == 0:
        raise InvalidInputError(f"{part}: expected at least one batch, got none.")
    if not is_array(x):
        return
    if sample_weight is not None and y is None:
        raise InvalidInputError("sample_weight: Keras would drop it without a y; give y=x beside it.")
    n = len(check_examples(x, model.likelihood, part=part))
    model.check_y(y, n)
    if sample_weight is not None:
        check_sample_weight(sample_weight, n)


def check_is_data(x: Any, *, part: str = "x") -> None:
    """Raises `InvalidInputError` if `x` is neither an array nor batches, such as None, a text or a sparse tensor."""
    if x is None or isinstance(x, (str, bytes, dict, set, tf.RaggedTensor, tf.SparseTensor)) or hasattr(x, "tocsr"):
        raise InvalidInputError(
            f"{part}: expected a dense array of examples or a tf.data.Dataset, got {type(x).__name__}; "
            "convert it first."
        )


def warn_of_scale(x: Any, likelihood: Likelihood) -> None:
    """Warns if the scale of the examples is far from the initial scale of the likelihood, which slows training down.

    Args:
        x: a checked array. Anything else is not examined.
        likelihood: likelihood of the model.
    """
    if not is_array(x) or (x := np.asarray(x[:SEEN])).dtype == np.uint8:
        return
    if is_image(x.shape[1:]) and likelihood.takes_bytes and np.nanmin(x) >= 0 and DARKEST < np.nanmax(x) <= 255:
        warnings.warn(
            f"x: its values are from {np.nanmin(x):g} to {np.nanmax(x):g}, as those of bytes, but {x.dtype} is used as "
            "it is; give x.astype('uint8'), which is divided by 255, or divide it yourself.",
            stacklevel=3,
        )
        return
    size = likelihood.scale_of(x)
    if size > TOO_LARGE:
        remedy = (
            "call adapt(x) before fit"
            if table_within(likelihood)
            else "standardise them, or take tabular_vae and its adapt(x)"
        )
        if is_image(likelihood.event_shape):
            remedy = "bring images to values from 0 to 1, or give them as uint8, which the model scales"
        warnings.warn(
            f"x: its values are of the size of {size:.2g}, far from 1, and training would take very long; {remedy}.",
            stacklevel=3,
        )


def check_sample_weight(sample_weight: Any, n: int) -> np.ndarray:
    """Returns `sample_weight` as a float32 array of `n` weights, from `(n,)` or `(n, 1)` numbers or booleans.

    Raises:
        InvalidInputError: if the shape differs, or if weights are not finite and >= 0.
    """
    weights = as_numbers("sample_weight", sample_weight)
    if weights.shape not in ((n,), (n, 1)):
        raise InvalidInputError(f"sample_weight: expected one number per example, shape ({n},); got {weights.shape}.")
    weights = weights.astype("float32").reshape(n)
    good = np.isfinite(weights) & (weights >= 0)
    if not good.all():
        raise InvalidInputError(
            f"sample_weight: expected finite numbers >= 0, got {weights[~good][0]:g} at index {np.argmin(good)}."
        )
    if not weights.any():
        raise InvalidInputError("sample_weight: expected some weights above 0, got 0 for every example.")
    return weights


def unpacked(part: str, data: Any) -> tuple[Any, Any, Any]:
    """Returns `x`, `y` and `sample_weight` of `x`, `(x, y)` or `(x, y, sample_weight)`; None for missing elements.

    Raises:
        InvalidInputError: for a tuple or list of another length.
    """
    if isinstance(data, (tuple, list)) and not 1 <= len(data) <= 3:
        raise InvalidInputError(
            f"{part}: expected x, (x, y) or (x, y, sample_weight), got {type(data).__name__} of {len(data)}."
        )
    return keras.utils.unpack_x_y_sample_weight(data)


def arrays_for_keras(x: Any, y: Any = None, sample_weight: Any = None) -> tuple[Any, Any, Any]:
    """Converts checked data for Keras: arrays with supported dtypes, and generators of tuples."""
    if not is_array(x):
        return batches_for_keras(x), y, sample_weight
    n = np.shape(x)[0]
    x, y = (np.asarray(data) if data is not None and not tf.is_tensor(data) else data for data in (x, y))
    x, y = _in_float64((x, y))
    return x, y, None if sample_weight is None else check_sample_weight(sample_weight, n)


def batches_for_keras(x: Any) -> Any:
    """A stream of batches in what Keras takes: arrays of its dtypes, and generators of tuples."""
    if isinstance(x, tf.data.Dataset):
        return without_tuning(x)
    if inspect.isgenerator(x):
        return (_in_float64(batch if isinstance(batch, tuple) else (batch,)) for batch in x)
    return ConvertedBatches(x, _in_float64) if isinstance(x, keras.utils.PyDataset) else x


def _in_float64(batch: Any) -> Any:
    """A structure of arrays with float64 in place of the longer floats of NumPy, which TensorFlow does not have."""

    def converted(one):
        if not isinstance(one, (np.ndarray, np.generic)) or one.dtype != np.longdouble:
            return one
        with np.errstate(over="ignore"):  # too large a number becomes infinity, which is refused
            return one.astype("float64")

    return keras.tree.map_structure(converted, batch)


def _check_dataset(model: "Conditioning", data: tf.data.Dataset, part: str) -> None:
    if data.cardinality() == 0:
        raise InvalidInputError(f"{part}: expected at least one batch, got none.")
    check_batches_spec(data.element_spec, model, part=f"{part} of the data set")


def extremes(x: np.ndarray, copy: np.ndarray | None = None) -> tuple[float, float]:
    """Returns minimum and maximum, NaN if any value is NaN; fills `copy` at the same time."""
    size = max(1, 2**18 // x[0].size)
    lows, highs = [], []
    for rows in (slice(start, start + size) for start in range(0, len(x), size)):
        piece = x[rows]
        if copy is not None:
            copy[rows] = piece
            piece = copy[rows]
        lows.append(piece.min())
        highs.append(piece.max())
    return np.min(lows), np.max(highs)


def as_numbers(part: str, x: Any) -> np.ndarray:
    """Returns `x` as an array: uint8 unchanged, all other real numbers as float32."""
    given = x
    check_unmasked(part, x)
    try:
        x = np.asarray(x)
    except (ValueError, TypeError) as error:
        raise InvalidInputError(f"{part}: expected an array of numbers; {error}.") from error
    if x.dtype.kind not in "biuf" and x.dtype != tf.bfloat16.as_numpy_dtype:
        got = f"dtype {x.dtype}" if x.ndim or x.dtype != object else f"{type(given).__name__}; convert it first"
        raise InvalidInputError(f"{part}: expected an array of real numbers, got {got}.")
    with np.errstate(over="ignore"):
        return x if x.dtype == np.uint8 else x.astype("float32", copy=False)


def _commas(shape) -> str:
    return ", ".join(map(str, shape))

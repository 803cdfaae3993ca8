"""A batch of a training or test step, checked within the step."""

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import keras
import tensorflow as tf

from keras_vae.checks import LARGEST
from keras_vae.errors import InvalidInputError
from keras_vae.layers.condition import is_numeric
from keras_vae.trace import Trace

if TYPE_CHECKING:
    from keras_vae.models.conditioning import Conditioning


class Batch(NamedTuple):
    """Valid examples, conditions and weights for a step.

    An example is invalid if it is outside the support of the likelihood, if its condition is unknown, or if its weight
    is not a finite number >= 0. It is replaced by a valid example of weight 0, and `BadBatches` then raises an error.
    Terms across the batch and batch normalisation include the replacement. A batch without examples, such as the last
    one of a replica, gets one such replacement: some convolutions of TensorFlow give no rows a wrong shape.

    Attributes:
        x: `(B, *event_shape)`, float32.
        y: the second element of the batch; for a conditional model, the result of `Condition.batch`.
        weights: `(B,)`, float32; 1 if there are no weights.
        bad: 1 for each example that was replaced for its values, for its condition, for its weight, or for a value that
            is NaN or infinity, which also counts as one of its values; else 0. float32 `(4, B)`.
        range: minimum and maximum of the examples that were replaced for their values, float32 `(2,)`. The minimum is
            above the maximum if there are no such examples.
        examples: number of examples, with those that were replaced; 0 for a batch without examples. float32.
    """

    x: tf.Tensor
    y: Any
    weights: tf.Tensor
    bad: tf.Tensor
    range: tf.Tensor
    examples: tf.Tensor


def checked_batch(model: "Conditioning", data: Any) -> Batch:
    """What Keras hands to a step, `x`, `(x, y)` or `(x, y, sample_weight)`, as a `Batch`.

    Raises:
        InvalidInputError: for shapes and dtypes that cannot be used, when the step is traced.
    """
    x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
    check_spec(x, model)
    is_bytes = x.dtype == tf.uint8
    x = tf.ensure_shape(model.prepare(x), (None, *model.event_shape))
    known = usable = tf.ones(tf.shape(x)[:1], tf.bool)
    if is_bytes and model.likelihood.has_range(0.0, 1.0):
        possible = finite = known
        interval = tf.constant([LARGEST, -LARGEST])
    else:
        possible, finite, interval = _check_values(x, model.likelihood)
    conditions = y
    if model.condition is not None and y is not None:
        known, conditions = model.is_known(y), model.condition_of_batch(y)
    weights = weights_of(sample_weight, x)
    if sample_weight is not None:
        usable = tf.math.is_finite(weights) & (weights >= 0.0)
    good = possible & known & usable
    # As far as a shape is known, terms can be told to have a value for each example.
    sizes = [part.shape[0] for part in (x, weights, known) if part.shape[0] is not None]
    x = tf.ensure_shape(x, (sizes[0] if sizes else None, *model.event_shape))
    bad = [~possible, ~known, ~usable, ~possible & ~finite]
    is_replaced = conditions is not y
    size = tf.shape(x)[0]
    if not x.shape[0]:
        missing = tf.maximum(1 - size, 0)
        x, weights, good, *bad = (padded(part, missing) for part in (x, weights, good, *bad))
        conditions = None if conditions is None else tf.nest.map_structure(lambda y: padded(y, missing), conditions)
    return Batch(
        x=where_rows(good, x, model.likelihood.fill_value),
        y=where_rows(good, conditions, 0) if is_replaced else conditions,
        weights=tf.where(good, weights, 0.0),
        bad=tf.cast(tf.stack(bad), tf.float32),
        range=interval,
        examples=tf.cast(size, tf.float32),
    )


def trace_of_batch(model: "Conditioning", batch: Batch, seed: tf.Tensor, *, training: bool) -> Trace:
    """The trace of a batch, with its weights, at the step of the model."""
    extras = {} if batch.y is None else {"y": batch.y}
    options = {"samples": model.objective.samples, "step": tf.convert_to_tensor(model.step), "extras": extras}
    trace = model.trace(batch.x, seed=seed, training=training, **options)
    trace = trace.replace(weights=tf.tile(batch.weights, [trace.passes]))
    return trace.with_computed(*model.computed_once)


def check_spec(x: Any, model: "Conditioning", *, part: str = "x") -> None:
    """Checks the shape and the dtype of a batch of examples, a tensor or a `tf.TensorSpec`.

    Raises:
        InvalidInputError: if they are not those of examples.
    """
    composite = isinstance(x, (tf.RaggedTensor, tf.RaggedTensorSpec, tf.SparseTensor, tf.SparseTensorSpec))
    if composite or not hasattr(x, "shape") or not hasattr(x, "dtype"):
        raise InvalidInputError(f"{part}: expected batches of one array of examples each; got {type(x).__name__}.")
    if not is_numeric(x.dtype):
        raise InvalidInputError(f"{part}: expected an array of real numbers, got dtype {tf.as_dtype(x.dtype).name}.")
    shape = tf.TensorShape(x.shape)
    expected = tf.TensorShape((None, *model.event_shape))
    if not shape.is_compatible_with(expected):
        hint = " (it gives single examples: batch it)" if tuple(shape) == model.event_shape else ""
        commas = ", ".join(map(str, model.event_shape))
        raise InvalidInputError(f"{part}: expected shape (N, {commas}), got {shape}{hint}.")
    model.likelihood.check_dtype(tf.as_dtype(x.dtype).as_numpy_dtype)


def check_batches_spec(element_spec: Any, model: "Conditioning", *, part: str = "x") -> None:
    """Checks the shapes and dtypes of a stream of batches, as `element_spec` of `tf.data` gives them.

    Raises:
        InvalidInputError: if they cannot be used.
    """
    x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(element_spec)
    check_spec(x, model, part=part)
    if y is None:
        model.check_y(None, 0)
    if sample_weight is not None:
        _check_weights_spec(sample_weight)


def weights_of(sample_weight: Any, x: tf.Tensor) -> tf.Tensor:
    """One weight for each example of a batch, float32 `(B,)`, from weights `(B,)` or `(B, 1)` of any real dtype.

    Raises:
        InvalidInputError: for another shape or dtype.
    """
    if sample_weight is None:
        return tf.ones(tf.shape(x)[:1])
    weights = tf.convert_to_tensor(sample_weight)
    _check_weights_spec(weights, x.shape[0])
    return tf.reshape(tf.cast(weights, tf.float32), tf.shape(x)[:1])


def _check_weights_spec(weights, size=None):
    shape = tf.TensorShape(weights.shape)
    one_each = shape.is_compatible_with([size]) or shape.is_compatible_with([size, 1])
    if not one_each:
        raise InvalidInputError(f"sample_weight: expected one number per example, shape (N,) or (N, 1); got {shape}.")
    if not is_numeric(weights.dtype):
        raise InvalidInputError(f"sample_weight: expected real numbers; got dtype {tf.as_dtype(weights.dtype).name}.")


def padded(x: tf.Tensor, rows: tf.Tensor) -> tf.Tensor:
    """`x` with further rows of zeros, or of False."""
    return tf.pad(x, [[0, rows], *[[0, 0]] * (x.shape.rank - 1)])


def where_rows(rows: tf.Tensor, x: tf.Tensor, otherwise: Any) -> tf.Tensor:
    """`x` in the rows that are True, `(B,)`, and `otherwise` in the others."""
    return tf.where(_beside(rows, x), x, tf.cast(otherwise, x.dtype))


def _beside(rows, x):
    """`rows`, `(B,)`, in a shape that broadcasts to that of `x`."""
    return tf.reshape(rows, (-1, *[1] * (x.shape.rank - 1)))


def _check_values(x, likelihood):
    """Returns which examples are in the support, which are finite, `(B,)`, and the range of the finite invalid ones.

    XLA computes the same reductions only once, here and in `Likelihood.examples_in_support`.
    """
    possible = likelihood.examples_in_support(x)
    values = tf.reshape(x, (-1, math.prod(x.shape[1:])))
    if likelihood.allows_missing:
        is_missing = tf.math.is_nan(values)
        low = tf.reduce_min(tf.where(is_missing, LARGEST, values), axis=1)
        high = tf.reduce_max(tf.where(is_missing, -LARGEST, values), axis=1)
        finite = tf.math.is_finite(low) & tf.math.is_finite(high)
    else:
        low, high, total = (reduce(values, axis=1) for reduce in (tf.reduce_min, tf.reduce_max, tf.reduce_sum))
        finite = tf.math.is_finite(low) & tf.math.is_finite(high) & ~tf.math.is_nan(total)
    # One reduction for both ends, because XLA on a CPU starts a kernel for each.
    ends = tf.where(possible | ~finite, -LARGEST, tf.stack([-low, high]))
    ends = tf.maximum(tf.reduce_max(ends, axis=1), -LARGEST)  # -inf for a batch of no examples
    return possible, finite, ends * [-1.0, 1.0]

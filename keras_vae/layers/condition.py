"""The condition of a conditional model: a label or a vector."""

from typing import Any

import numpy as np
import tensorflow as tf

from keras_vae.checks import check_integer, check_unmasked
from keras_vae.errors import InvalidInputError, shortest
from keras_vae.layers.float32_layer import Float32Layer
from keras_vae.serialization import register


def is_numeric(dtype: Any) -> bool:
    """Returns whether a dtype is boolean, integer or real.

    Example:

    >>> is_numeric("int32"), is_numeric("string")
    (True, False)
    """
    dtype = tf.as_dtype(dtype)
    return dtype.is_floating or dtype.is_integer or dtype.is_bool


class Condition(Float32Layer):
    """The base class of conditions: turns `y`, the second element of a batch, into an input `(B, size)`.

    Args:
        size: length of the vector.

    Raises:
        InvalidInputError: if `size` is not an integer >= 1.

    Example:

    >>> kv.LabelCondition(10)(tf.constant([3])).shape
    TensorShape([1, 10])
    """

    rank = 0
    """Number of axes of the condition of a single example."""

    def __init__(self, size: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.size = check_integer(f"{type(self).__name__}: size", size)
        self.built = True

    @property
    def described(self) -> str:
        """The expected conditions, for messages."""
        raise NotImplementedError

    def check(self, condition: Any, n: int) -> np.ndarray:
        """Returns `condition` as an array of `n` conditions.

        Raises:
            InvalidInputError: if there is no condition, or if its length, shape or range differs.
        """
        if condition is None:
            raise InvalidInputError(
                f"condition: this model is conditional and expected {self.described}; "
                "give `condition=`, or `y` in fit and evaluate."
            )
        check_unmasked("condition", condition)
        try:
            condition = np.asarray(condition)
        except (ValueError, TypeError) as error:
            raise InvalidInputError(f"condition: expected {self.described}; {error}.") from error
        return self._checked(condition, n)

    def _checked(self, condition: np.ndarray, n: int) -> np.ndarray:
        raise NotImplementedError

    def example(self, n: int) -> tf.Tensor:
        """Returns `n` valid conditions, as an example of their shape and dtype."""
        raise NotImplementedError

    def for_all(self, condition: Any, n: int) -> Any:
        """Returns `condition`, repeated `n` times if it is the condition of a single example."""
        if condition is None or isinstance(condition, str) or np.ndim(condition) != self.rank:
            return condition
        return np.broadcast_to(condition, (n, *np.shape(condition)))

    def batch(self, y: tf.Tensor) -> tf.Tensor:
        """Returns the conditions of a batch in the shape and dtype of `example`; values are not checked.

        Raises:
            InvalidInputError: if `y` has another shape or is not numeric.
        """
        raise NotImplementedError

    def is_known(self, y: tf.Tensor) -> tf.Tensor:
        """Returns which conditions of a batch are valid, bool `(B,)`: `check` for tensors."""
        raise NotImplementedError

    def append(self, x: tf.Tensor, condition: tf.Tensor) -> tf.Tensor:
        """Concatenates the condition to the last axis of `x`: `(B, ..., C)` to `(B, ..., C + size)`."""
        condition = tf.reshape(condition, (-1, *(1,) * (x.shape.rank - 2), self.size))
        beside = tf.broadcast_to(condition, tf.concat([tf.shape(x)[:-1], [self.size]], axis=0))
        return tf.concat([x, tf.cast(beside, x.dtype)], axis=-1)


@register
class LabelCondition(Condition):
    """Class labels from 0 to `size` - 1: integers `(N,)` or `(N, 1)`, or one-hot vectors `(N, size)`.

    Args:
        size: number of classes.

    Example:

    >>> LabelCondition(3)(tf.constant([2, 0])).numpy().tolist()
    [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]

    Reference: Sohn, Lee & Yan, 2015,
    https://papers.nips.cc/paper/2015/hash/8d55a249e6baa5c06772297520da2051-Abstract.html
    """

    @property
    def described(self) -> str:
        return f"labels from 0 to {self.size - 1}, one per example"

    def example(self, n: int) -> tf.Tensor:
        return tf.zeros(n, tf.int32)

    def call(self, y: Any) -> tf.Tensor:
        return tf.one_hot(self.batch(y), self.size)

    def batch(self, y: tf.Tensor) -> tf.Tensor:
        y = self.columns(y)
        whole = tf.cast(y[:, 0], tf.int32)
        if y.shape[1] == 1:
            return whole
        labels = tf.argmax(y, axis=-1, output_type=tf.int32)
        return labels if y.shape[1] else tf.where(tf.shape(y)[1] == 1, whole, labels)

    def is_known(self, y: tf.Tensor) -> tf.Tensor:
        y = self.columns(y)
        whole = (y[:, 0] >= 0.0) & (y[:, 0] < self.size) & (y[:, 0] == tf.round(y[:, 0]))
        if y.shape[1] == 1:
            return whole
        one_hot = tf.reduce_all((y == 0.0) | (y == 1.0), axis=-1) & (tf.reduce_sum(y, axis=-1) == 1.0)
        return one_hot if y.shape[1] else tf.where(tf.shape(y)[1] == 1, whole, one_hot)

    def columns(self, y: Any) -> tf.Tensor:
        """Labels `(B, 1)` or one-hot `(B, size)`, in float32; which of the two may be known in the graph alone.

        Raises:
            InvalidInputError: if `y` is not numeric, or if its shape is not `(B,)`, `(B, 1)` or `(B, size)`.
        """
        y = tf.convert_to_tensor(y)
        shape = y.shape[1:].as_list() if y.shape.rank else None
        numeric = is_numeric(y.dtype)
        if not numeric or y.shape.rank == 0 or shape not in (None, [], [None], [1], [self.size]):
            raise InvalidInputError(
                f"condition: expected {self.described}, shape (N,) or one-hot (N, {self.size}); "
                f"got shape {y.shape} of {y.dtype.name}."
            )
        columns = -1 if shape in (None, [None]) else (shape or [1])[0]
        return tf.reshape(tf.cast(y, tf.float32), (-1 if columns > 0 else tf.shape(y)[0], columns))

    def _checked(self, condition: np.ndarray, n: int) -> np.ndarray:
        if condition.shape == (n, self.size) and self.size > 1 and condition.dtype.kind in "biuf":
            one_hot = ((condition == 0) | (condition == 1)).all(axis=-1) & ((condition == 1).sum(axis=-1) == 1)
            if not one_hot.all():
                row = int(np.argmin(one_hot))
                raise InvalidInputError(
                    f"condition: expected {self.described}, or one-hot rows with a single 1; got shape "
                    f"{condition.shape} with {np.array2string(condition[row], threshold=8, separator=', ')} "
                    f"in row {row}."
                )
            return condition.argmax(axis=-1).astype("int32")
        is_float, whole = condition.dtype.kind == "f", condition.dtype.kind in "biu"
        if is_float:
            whole = np.isfinite(condition) & (condition == np.floor(condition))
        if condition.shape in ((n,), (n, 1)) and is_float and not np.all(whole):
            row = int(np.argmin(np.reshape(whole, n)))
            raise InvalidInputError(
                f"condition: expected {self.described}; got {shortest(condition.flat[row])} in row {row}, "
                "no whole number."
            )
        if condition.shape not in ((n,), (n, 1)) or not np.all(whole):
            raise InvalidInputError(
                f"condition: expected {self.described}, shape ({n},); got shape {condition.shape} of {condition.dtype}."
            )
        least, most = int(condition.min()), int(condition.max())
        if least < 0 or most >= self.size:
            raise InvalidInputError(f"condition: expected {self.described}; got labels from {least} to {most}.")
        return condition.astype("int32").reshape(n)


@register
class VectorCondition(Condition):
    """Real vectors, which are used unchanged.

    Args:
        size: length of a vector.

    Example:

    >>> VectorCondition(2)(np.ones((3, 2))).shape
    TensorShape([3, 2])

    Reference: Sohn, Lee & Yan, 2015,
    https://papers.nips.cc/paper/2015/hash/8d55a249e6baa5c06772297520da2051-Abstract.html
    """

    rank = 1

    @property
    def described(self) -> str:
        return f"vectors of {self.size} finite numbers, one per example"

    def example(self, n: int) -> tf.Tensor:
        return tf.zeros((n, self.size))

    def call(self, y: Any) -> tf.Tensor:
        return tf.reshape(tf.cast(y, tf.float32), (-1, self.size))

    def batch(self, y: tf.Tensor) -> tf.Tensor:
        y = tf.convert_to_tensor(y)
        numeric = is_numeric(y.dtype)
        if y.shape.rank != 2 or y.shape[1] not in (None, self.size) or not numeric:
            raise InvalidInputError(
                f"condition: expected {self.described}, shape (N, {self.size}); got shape {y.shape} of {y.dtype.name}."
            )
        return tf.cast(y, tf.float32)

    def is_known(self, y: tf.Tensor) -> tf.Tensor:
        return tf.reduce_all(tf.math.is_finite(self.batch(y)), axis=-1)

    def _checked(self, condition: np.ndarray, n: int) -> np.ndarray:
        numeric = condition.dtype.kind in "biuf"
        with np.errstate(over="ignore"):  # a number that float32 does not have becomes infinity
            vectors = condition.astype("float32") if numeric else condition
        if condition.shape != (n, self.size) or not numeric or not np.isfinite(vectors).all():
            raise InvalidInputError(
                f"condition: expected {self.described}, shape ({n}, {self.size}); "
                f"got shape {condition.shape} of {condition.dtype}."
            )
        return vectors

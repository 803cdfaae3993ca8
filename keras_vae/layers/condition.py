"""What a model is told beside its examples: a label, or a vector."""

from typing import Any

import numpy as np
import tensorflow as tf

from keras_vae.checks import check_integer
from keras_vae.errors import InvalidInputError
from keras_vae.layers.float32_layer import Float32Layer
from keras_vae.serialization import register


class Condition(Float32Layer):
    """Turns the second element of a batch, `y`, into a vector `(B, size)` that encoder and decoder are given.

    Args:
        size: length of the vector.
    """

    def __init__(self, size: int, **kwargs):
        super().__init__(**kwargs)
        self.size = check_integer(f"{type(self).__name__}: size", size)
        self.built = True

    def check(self, condition: Any, n: int) -> np.ndarray:
        """`condition` as an array of `n` conditions.

        Raises:
            InvalidInputError: if there is none, or it is of another length, shape or range.
        """
        if condition is None:
            raise InvalidInputError(
                f"condition: this model is conditional and expected {self.described}; "
                "give `condition=`, or `y` in fit and evaluate."
            )
        try:
            condition = np.asarray(condition)
        except (ValueError, TypeError) as error:
            raise InvalidInputError(f"condition: expected {self.described}; {error}.") from error
        return self._checked(condition, n)

    def example(self, n: int) -> tf.Tensor:
        """`n` conditions of the right shape and dtype."""
        raise NotImplementedError

    def append(self, x: tf.Tensor, condition: tf.Tensor) -> tf.Tensor:
        """`x` with the vector beside its last axis, at every position: `(B, ..., C)` to `(B, ..., C + size)`."""
        condition = tf.reshape(condition, (-1, *(1,) * (x.shape.rank - 2), self.size))
        beside = tf.broadcast_to(condition, tf.concat([tf.shape(x)[:-1], [self.size]], axis=0))
        return tf.concat([x, tf.cast(beside, x.dtype)], axis=-1)

    def get_config(self):
        return {**super().get_config(), "size": self.size}


@register
class LabelCondition(Condition):
    """Integer labels from 0 to `size` - 1, one-hot.

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

    def call(self, y):
        return tf.one_hot(tf.reshape(tf.cast(y, tf.int32), (-1,)), self.size)

    def _checked(self, condition, n):
        whole = condition.dtype.kind in "iu" or (
            condition.dtype.kind == "f" and np.isfinite(condition).all() and (condition % 1 == 0).all()
        )
        if condition.shape not in ((n,), (n, 1)) or not whole:
            raise InvalidInputError(
                f"condition: expected {self.described}, shape ({n},); got shape {condition.shape} of {condition.dtype}."
            )
        if condition.min() < 0 or condition.max() >= self.size:
            raise InvalidInputError(
                f"condition: expected {self.described}; got labels from {condition.min()} to {condition.max()}."
            )
        return condition.astype("int32").reshape(n)


@register
class VectorCondition(Condition):
    """Real vectors, as they are.

    Args:
        size: length of a vector.

    Example:

    >>> VectorCondition(2)(np.ones((3, 2))).shape
    TensorShape([3, 2])

    Reference: Sohn, Lee & Yan, 2015,
    https://papers.nips.cc/paper/2015/hash/8d55a249e6baa5c06772297520da2051-Abstract.html
    """

    @property
    def described(self) -> str:
        return f"vectors of {self.size} finite numbers, one per example"

    def example(self, n: int) -> tf.Tensor:
        return tf.zeros((n, self.size))

    def call(self, y):
        return tf.reshape(tf.cast(y, tf.float32), (-1, self.size))

    def _checked(self, condition, n):
        numeric = condition.dtype.kind in "biuf"
        if condition.shape != (n, self.size) or not numeric or not np.isfinite(condition).all():
            raise InvalidInputError(
                f"condition: expected {self.described}, shape ({n}, {self.size}); "
                f"got shape {condition.shape} of {condition.dtype}."
            )
        return condition.astype("float32")

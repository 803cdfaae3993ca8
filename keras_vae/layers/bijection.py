"""Invertible maps of vectors: the steps of a normalizing flow."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from keras_vae.checks import check_integer, check_seed
from keras_vae.errors import InvalidInputError
from keras_vae.layers.float32_layer import Float32Layer

MAX_LOG_SCALE = 3.0
"""A step stretches no element by more than exp(3) = 20, and shrinks none by more than 1/20."""


class Bijection(Float32Layer):
    """An invertible map y = f(x; c) of vectors `(..., dim)`, given an optional context c `(..., context_dim)`.

    A subclass creates its layers in its constructor and defines `forward` and `inverse`, each with the log-determinant
    of its Jacobian. The leading axes of x and c are broadcast. Calling the layer calls `forward`.

    Args:
        dim: length of the vectors.
        units: widths of the hidden layers of the internal network.
        activation: Keras activation of the hidden layers.
        context_dim: length of the context. None for a map without context.
        seed: seed of the initial weights. None draws one.

    Raises:
        InvalidInputError: if a number is out of its range.

    Example:

    >>> @kv.register
    ... class Shift(Bijection):
    ...     'y = x + 1.'
    ...
    ...     def forward(self, x, context=None):
    ...         return x + 1.0, tf.zeros(tf.shape(x)[:-1])
    ...
    ...     def inverse(self, y, context=None):
    ...         return y - 1.0, tf.zeros(tf.shape(y)[:-1])
    >>> Shift(2).inverse(tf.ones((1, 2)))[0].numpy().tolist()
    [[0.0, 0.0]]
    """

    def __init__(
        self,
        dim: int,
        units: Sequence[int] = (64,),
        *,
        activation: str = "relu",
        context_dim: int | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.dim = check_integer(f"{type(self).__name__}: dim", dim)
        self.units = check_units(type(self).__name__, units)
        self.activation = activation
        self.context_dim = check_context_dim(type(self).__name__, context_dim)
        self.seed = None if seed is None else check_seed(seed)
        self.built = True

    def forward(self, x: tf.Tensor, context: tf.Tensor | None = None) -> tuple[tf.Tensor, tf.Tensor]:
        """The image y = f(x), `(..., dim)`, and log |det dy/dx|, `(...)`."""
        raise NotImplementedError

    def inverse(self, y: tf.Tensor, context: tf.Tensor | None = None) -> tuple[tf.Tensor, tf.Tensor]:
        """The point x = f^-1(y), `(..., dim)`, and log |det dx/dy|, `(...)`."""
        raise NotImplementedError

    def call(self, x: tf.Tensor, context: tf.Tensor | None = None) -> tuple[tf.Tensor, tf.Tensor]:
        return self.forward(x, context)


def check_units(part: str, units: Any) -> tuple[int, ...]:
    """`units` as a tuple of ints; raises `InvalidInputError` if they are not integers >= 1."""
    if not isinstance(units, (tuple, list)):
        raise InvalidInputError(f"{part}: units must be a sequence of widths, such as [64, 64]; got {units!r}.")
    return tuple(check_integer(f"{part}: each of units", width) for width in units)


def check_context_dim(part: str, context_dim: Any) -> int | None:
    """`context_dim` as an int or None; raises `InvalidInputError` for anything else."""
    return None if context_dim is None else check_integer(f"{part}: context_dim", context_dim)


def bounded(raw: tf.Tensor) -> tf.Tensor:
    """Maps `raw` to (-MAX_LOG_SCALE, MAX_LOG_SCALE), with slope 1 at 0, so that scales cannot overflow."""
    return MAX_LOG_SCALE * tf.tanh(raw / MAX_LOG_SCALE)


def broadcast(x: tf.Tensor, context: tf.Tensor | None) -> tf.Tensor:
    """`x`, `(..., dim)`, with its leading axes broadcast to those of `context`."""
    return x if context is None else x + tf.zeros_like(context[..., :1])


def child_seed(seed: int | None, number: int) -> int | None:
    """A seed for part `number` of an object with `seed`; None if `seed` is None.

    Example:

    >>> child_seed(0, 1) == child_seed(0, 1) != child_seed(0, 2)
    True
    """
    return None if seed is None else int(np.random.SeedSequence([seed, number]).generate_state(1)[0] >> 1)

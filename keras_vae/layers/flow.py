"""The composition of invertible maps."""

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from keras_vae.errors import InvalidInputError
from keras_vae.layers.bijection import Bijection
from keras_vae.layers.float32_layer import Float32Layer
from keras_vae.serialization import register


@register
class Flow(Float32Layer):
    """The composition y = f_K(... f_1(x; c) ...; c) of bijections, all with the same context c.

        log |det dy/dx| = sum_k log |det df_k|

    Args:
        bijections: the maps f_1, ..., f_K, of vectors of the same length.

    Raises:
        InvalidInputError: if the list is empty, if an element is not a `Bijection`, or if the lengths differ.

    Example:

    >>> flow = Flow([kv.layers.Coupling(4), kv.layers.Coupling(4, reverse=True)])
    >>> y, log_det = flow.forward(tf.zeros((3, 4)))
    >>> y.shape, log_det.shape
    (TensorShape([3, 4]), TensorShape([3]))

    Reference: Rezende & Mohamed, 2015, https://arxiv.org/abs/1505.05770
    """

    def __init__(self, bijections: Sequence[Bijection], **kwargs: Any):
        super().__init__(**kwargs)
        self.bijections = list(bijections)
        foreign = [each for each in self.bijections if not isinstance(each, Bijection)]
        if foreign or not self.bijections:
            raise InvalidInputError(
                f"Flow: expected one or more bijections, such as Coupling(4); got {(foreign or [None])[0]!r}."
            )
        dims = sorted({each.dim for each in self.bijections})
        if len(dims) > 1:
            raise InvalidInputError(f"Flow: expected bijections of one dim, got {dims}; give all the same.")
        self.built = True

    @property
    def dim(self) -> int:
        """Length of the vectors."""
        return self.bijections[0].dim

    def forward(self, x: tf.Tensor, context: tf.Tensor | None = None) -> tuple[tf.Tensor, tf.Tensor]:
        """The image y, `(..., dim)`, and log |det dy/dx|, `(...)`."""
        log_dets = []
        for bijection in self.bijections:
            x, log_det = bijection.forward(x, context)
            log_dets.append(log_det)
        return x, sum(log_dets[1:], log_dets[0])

    def inverse(self, y: tf.Tensor, context: tf.Tensor | None = None) -> tuple[tf.Tensor, tf.Tensor]:
        """The point x, `(..., dim)`, and log |det dx/dy|, `(...)`."""
        log_dets = []
        for bijection in reversed(self.bijections):
            y, log_det = bijection.inverse(y, context)
            log_dets.append(log_det)
        return y, sum(log_dets[1:], log_dets[0])

    def call(self, x: tf.Tensor, context: tf.Tensor | None = None) -> tuple[tf.Tensor, tf.Tensor]:
        return self.forward(x, context)

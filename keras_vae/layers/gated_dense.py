"""Dense layers with a gate."""

from typing import Any

import keras
import tensorflow as tf

from keras_vae.checks import check_integer
from keras_vae.serialization import Serializable, register


@register
class GatedDense(Serializable, keras.layers.Layer):
    """A dense layer with a gate for each output, `(..., F) -> (..., units)`.

        h = a(W x + b) * sigmoid(V x + c)

    Args:
        units: number of outputs.
        activation: Keras activation a. None uses the identity.

    Raises:
        InvalidInputError: if `units` is not an integer >= 1.

    Example:

    >>> GatedDense(3)(tf.ones((2, 5))).shape
    TensorShape([2, 3])

    Reference: Tomczak & Welling, 2018, https://arxiv.org/abs/1705.07120
    """

    def __init__(self, units: int, *, activation: str | None = None, **kwargs: Any):
        super().__init__(**kwargs)
        self.units = check_integer("GatedDense: units", units)
        self.activation = activation
        self.value = keras.layers.Dense(units, activation=activation, dtype=self.dtype_policy, name="value")
        self.gate = keras.layers.Dense(units, activation="sigmoid", dtype=self.dtype_policy, name="gate")

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        self.value.build(input_shape)
        self.gate.build(input_shape)

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        return self.value(inputs) * self.gate(inputs)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return (*input_shape[:-1], self.units)

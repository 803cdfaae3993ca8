"""A linear map that training does not change."""

from typing import Any

import tensorflow as tf
from keras import ops

from keras_vae.layers.float32_layer import Float32Layer


class _FixedLinear(Float32Layer):
    """A linear map of the last axis, `(..., N) -> (..., units)`; it stays fixed also where its network is unfrozen."""

    def __init__(self, units: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.units = units

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        fixed = {"initializer": "zeros", "trainable": False}
        self.kernel = self.add_weight(shape=(input_shape[-1], self.units), name="kernel", **fixed)
        self.bias = self.add_weight(shape=(self.units,), name="bias", **fixed)

    def call(self, x: tf.Tensor) -> tf.Tensor:
        return ops.matmul(ops.cast(x, "float32"), self.kernel) + self.bias

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return (*input_shape[:-1], self.units)


FixedLinear = _FixedLinear
"""Keras names the weights in files after the class; the files of earlier models have the name of this one."""

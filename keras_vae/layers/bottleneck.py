"""A block of convolutions that works with fewer channels inside."""

from typing import Any

import keras
import tensorflow as tf

from keras_vae.checks import check_integer, check_number
from keras_vae.serialization import Serializable, register


@register
class Bottleneck(Serializable, keras.layers.Layer):
    """Four convolutions, of which the two spatial ones have fewer channels, `(B, H, W, C) -> (B, H, W, filters)`.

        y = conv1(a(conv3(a(conv3(a(conv1(a(x))))))))

    On maps of at most 2x2 positions the spatial convolutions have 1x1 kernels, too.

    Args:
        filters: number of channels of the output.
        width: number of channels inside.
        gain: factor of the initial kernel of the last convolution. 0 is a block that returns zeros at first.
        activation: Keras activation a.

    Raises:
        InvalidInputError: if a number is out of range.

    Example:

    >>> y = Bottleneck(12, width=4, gain=0.0)(tf.ones((2, 7, 5, 8)))
    >>> y.shape, float(tf.reduce_max(tf.abs(y)))
    (TensorShape([2, 7, 5, 12]), 0.0)

    Reference: Child, 2021, https://arxiv.org/abs/2011.10650
    """

    def __init__(self, filters: int, *, width: int, gain: float = 1.0, activation: str = "swish", **kwargs: Any):
        super().__init__(**kwargs)
        self.filters = check_integer("Bottleneck: filters", filters)
        self.width = check_integer("Bottleneck: width", width)
        self.gain = check_number("Bottleneck: gain", gain, least=0.0)
        self.activation = activation

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        kernel_size = 1 if all(size is not None and size <= 2 for size in input_shape[1:3]) else 3
        last = keras.initializers.VarianceScaling(self.gain**2, "fan_avg") if self.gain else "zeros"
        self.convs = [
            self._conv(self.width, 1, "reduce"),
            self._conv(self.width, kernel_size, "spatial_0"),
            self._conv(self.width, kernel_size, "spatial_1"),
            self._conv(self.filters, 1, "expand", kernel_initializer=last),
        ]
        shape = tuple(input_shape)
        for conv in self.convs:
            conv.build(shape)
            shape = conv.compute_output_shape(shape)

    def _conv(self, filters, kernel_size, name, **options):
        options = {"padding": "same", "dtype": self.dtype_policy, "name": name, **options}
        return keras.layers.Conv2D(filters, kernel_size, **options)

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        x = inputs
        for conv in self.convs:
            x = conv(keras.activations.get(self.activation)(x))
        return x

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return (*input_shape[:-1], self.filters)

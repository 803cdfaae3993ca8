"""A residual block of convolutions with pre-activation."""

from typing import Any

import keras
import tensorflow as tf

from keras_vae.checks import check_integer
from keras_vae.layers.group_normalization import GroupNormalization
from keras_vae.serialization import Serializable, register


def group_count(groups: int, filters: int) -> int:
    """The greatest common divisor with at least two channels per group. With one channel, normalisation removes biases.

    Example:

    >>> [group_count(8, filters) for filters in (32, 12, 4, 3)]
    [8, 4, 2, 1]
    """
    return max((g for g in range(1, groups + 1) if groups % g == filters % g == 0 and 2 * g <= filters), default=1)


@register
class ResidualBlock(Serializable, keras.layers.Layer):
    """Two convolutions with a skip connection, `(B, H, W, filters) -> (B, H, W, filters)`.

        y = x + conv(a(norm(conv(a(norm(x))))))

    Normalisation is over groups of channels of one example, so it does not depend on the batch.

    Args:
        filters: number of channels of input and output.
        kernel_size: side of the convolution kernels.
        activation: Keras activation a.
        groups: maximum number of groups of channels for the normalisation. It is the largest common divisor of this and
            `filters` that leaves two or more channels in a group.

    Raises:
        InvalidInputError: if a number is not an integer >= 1.

    Example:

    >>> ResidualBlock(12)(tf.ones((2, 7, 5, 12))).shape
    TensorShape([2, 7, 5, 12])

    Reference: He, Zhang, Ren & Sun, 2016, https://arxiv.org/abs/1603.05027;
    Wu & He, 2018, https://arxiv.org/abs/1803.08494
    """

    def __init__(
        self, filters: int, *, kernel_size: int = 3, activation: str = "swish", groups: int = 8, **kwargs: Any
    ):
        super().__init__(**kwargs)
        self.filters = check_integer("ResidualBlock: filters", filters)
        self.kernel_size = check_integer("ResidualBlock: kernel_size", kernel_size)
        self.groups = check_integer("ResidualBlock: groups", groups)
        self.activation = activation
        self.norms = [
            GroupNormalization(
                group_count(groups, filters), activation=activation, dtype=self.dtype_policy, name=f"norm_{i}"
            )
            for i in range(2)
        ]
        self.convs = [
            keras.layers.Conv2D(filters, kernel_size, padding="same", dtype=self.dtype_policy, name=f"conv_{i}")
            for i in range(2)
        ]

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        for layer in (*self.norms, *self.convs):
            layer.build(input_shape)

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        x = inputs
        for norm, conv in zip(self.norms, self.convs, strict=True):
            x = conv(norm(x))
        return inputs + x

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return tuple(input_shape)

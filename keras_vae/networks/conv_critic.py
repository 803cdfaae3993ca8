"""A convolutional critic of images."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from keras_vae.checks import check_flag, check_integer
from keras_vae.networks.conv import check_filters, check_image_shape
from keras_vae.networks.regularized import Regularized
from keras_vae.serialization import register


@register
class ConvCritic(Regularized):
    """Strided convolutions, and one logit per image, `(B, H, W, C) -> (B, 1)`, or per patch, `-> (B, h, w, 1)`.

    h and w are H and W, halved and rounded up once for each of the `filters`. No layer normalises over the batch, so
    the logit of an example does not depend on the batch.

    The gradient of a strided convolution repeats with its stride, so that a decoder which learns from it draws a grid.
    The critic therefore averages 2x2 neighbours before each step.

    Args:
        input_shape: `(H, W, C)`, where H and W are at least 8 and need not be even or equal.
        filters: number of filters of each downsampling step.
        patch: whether to return one logit per patch. By default, a patch has a side of 53 pixels.
        kernel_size: side of the convolution kernels.
        antialias: whether to average 2x2 neighbours before each downsampling step.
        activation: Keras activation.
        **kwargs: `l2` and `spectral_normalization`, see `Regularized`.

    Raises:
        InvalidInputError: if the input is not an image of at least 8x8, or if a number is not an integer >= 1.

    Example:

    >>> ConvCritic((28, 20, 1))(tf.zeros((2, 28, 20, 1))).shape
    TensorShape([2, 1])
    >>> ConvCritic((28, 20, 1), patch=True)(tf.zeros((2, 28, 20, 1))).shape
    TensorShape([2, 4, 3, 1])

    Reference: Larsen, Sonderby, Larochelle & Winther, 2016, https://arxiv.org/abs/1512.09300;
    Isola, Zhu, Zhou & Efros, 2017, https://arxiv.org/abs/1611.07004 (patches);
    Zhang, 2019, https://arxiv.org/abs/1904.11486 (averages before a stride)
    """

    def __init__(
        self,
        input_shape: tuple[int, ...],
        filters: Sequence[int] = (64, 128, 256),
        *,
        patch: bool = False,
        kernel_size: int = 4,
        antialias: bool = True,
        activation: str = "leaky_relu",
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        input_shape = check_image_shape("ConvCritic", input_shape)
        self.filters = check_filters("ConvCritic", filters, input_shape[:2])
        self.patch = check_flag("ConvCritic: patch", patch)
        self.kernel_size = check_integer("ConvCritic: kernel_size", kernel_size)
        self.antialias = check_flag("ConvCritic: antialias", antialias)
        self.activation = activation
        # No weights, so one layer serves all stages.
        self.average = self.layer(keras.layers.AveragePooling2D, 2, strides=1, padding="same") if antialias else None
        options = {"strides": 2, "padding": "same", "activation": activation}
        self.stages = [
            self.kernel_layer(keras.layers.Conv2D, n, kernel_size, name=f"stage_{i}", **options)
            for i, n in enumerate(self.filters)
        ]
        self.flatten = self.layer(keras.layers.Flatten, name="flatten")
        if patch:
            self.logits = self.kernel_layer(
                keras.layers.Conv2D, 1, kernel_size, padding="same", dtype="float32", name="logits"
            )
        else:
            self.logits = self.kernel_layer(keras.layers.Dense, 1, dtype="float32", name="logits")
        self.build_on(input_shape)

    def features(self, x: tf.Tensor) -> tf.Tensor:
        """Returns the feature map of the last downsampling step, shape `(B, h, w, filters[-1])`."""
        for stage in self.stages:
            x = stage(x if self.average is None else self.average(x))
        return x

    def call(self, x: tf.Tensor) -> tf.Tensor:
        features = self.features(x)
        return self.logits(features if self.patch else self.flatten(features))

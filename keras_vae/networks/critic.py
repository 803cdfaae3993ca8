"""A fully connected critic."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from keras_vae.networks.regularized import Regularized
from keras_vae.serialization import register
from keras_vae.widths import check_widths


@register
class Critic(Regularized):
    """Dense layers on flattened latents or examples, with one logit, `(B, *input_shape) -> (B, 1)`.

    Args:
        input_shape: shape of one latent vector, such as `(16,)`, or of one example.
        units: widths of the hidden layers.
        activation: Keras activation.
        **kwargs: `l2` and `spectral_normalization`, see `Regularized`.

    Raises:
        InvalidInputError: if `units` are not integers >= 1.

    Example:

    >>> Critic((16,), units=(32,), spectral_normalization=True)(tf.zeros((2, 16))).shape
    TensorShape([2, 1])

    Reference: Makhzani et al., 2016, https://arxiv.org/abs/1511.05644
    """

    def __init__(
        self,
        input_shape: tuple[int, ...],
        units: Sequence[int] = (256, 256),
        *,
        activation: str = "leaky_relu",
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.units = check_widths("Critic: units", units)
        self.activation = activation
        self.flatten = self.layer(keras.layers.Flatten, name="flatten")
        self.hidden = [
            self.kernel_layer(keras.layers.Dense, width, activation=activation, name=f"dense_{i}")
            for i, width in enumerate(self.units)
        ]
        self.logits = self.kernel_layer(keras.layers.Dense, 1, dtype="float32", name="logits")
        self.build_on(tuple(input_shape))

    def features(self, x: tf.Tensor) -> tf.Tensor:
        """Returns the output of the last hidden layer for `x`, shape `(B, units[-1])`."""
        x = self.flatten(x)
        for layer in self.hidden:
            x = layer(x)
        return x

    def call(self, x: tf.Tensor) -> tf.Tensor:
        return self.logits(self.features(x))

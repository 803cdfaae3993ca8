"""Fully connected encoder and decoder."""

from collections.abc import Sequence

import keras

from keras_vae.networks.regularized import Regularized
from keras_vae.serialization import register
from keras_vae.widths import check_widths


class _MLP(Regularized):
    """Dense layers on flattened inputs."""

    def __init__(self, input_shape, units: Sequence[int] = (512, 512), *, activation: str = "relu", **kwargs):
        super().__init__(**kwargs)
        self.units = check_widths(f"{type(self).__name__}: units", units)
        self.activation = activation
        self.flatten = self.layer(keras.layers.Flatten)
        self.hidden = [self.kernel_layer(keras.layers.Dense, width, activation=activation) for width in self.units]
        self.build_on(tuple(input_shape))

    def call(self, inputs):
        features = self.flatten(inputs)
        for layer in self.hidden:
            features = layer(features)
        return features


@register
class MLPEncoder(_MLP):
    """Maps examples of any shape to features, `(B, *event_shape) -> (B, units[-1])`.

    Args:
        input_shape: shape of one example.
        units: widths of the hidden layers.
        activation: Keras activation.
        **kwargs: `l2` and `spectral_normalization`, see `Regularized`.

    Example:

    >>> MLPEncoder((28, 28, 1), units=(32,))(tf.zeros((2, 28, 28, 1))).shape
    TensorShape([2, 32])
    """


@register
class MLPDecoder(_MLP):
    """Maps latents to features, `(B, *latent_shape) -> (B, units[-1])`.

    Args:
        input_shape: shape of one latent vector, such as `(16,)`.
        units: widths of the hidden layers, from the latent side.
        activation: Keras activation.
        **kwargs: `l2` and `spectral_normalization`, see `Regularized`.

    Example:

    >>> MLPDecoder((16,), units=(32,))(tf.zeros((2, 16))).shape
    TensorShape([2, 32])
    """

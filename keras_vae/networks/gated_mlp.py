"""Fully connected encoder and decoder with gates."""

from collections.abc import Sequence

import keras

from keras_vae.layers.gated_dense import GatedDense
from keras_vae.networks.network import Network
from keras_vae.networks.widths import check_widths
from keras_vae.serialization import register


class _GatedMLP(Network):
    """Gated dense layers, one after the other, on flattened inputs."""

    def __init__(self, input_shape, units: Sequence[int] = (300, 300), *, activation: str | None = None, **kwargs):
        super().__init__(**kwargs)
        self.units = check_widths(f"{type(self).__name__}: units", units)
        self.activation = activation
        self.flatten = self.layer(keras.layers.Flatten, name="flatten")
        self.hidden = [
            self.layer(GatedDense, width, activation=activation, name=f"gated_{i}")
            for i, width in enumerate(self.units)
        ]
        self.build_on(tuple(input_shape))

    def call(self, inputs):
        features = self.flatten(inputs)
        for layer in self.hidden:
            features = layer(features)
        return features


@register
class GatedMLPEncoder(_GatedMLP):
    """Examples of any shape to features, `(B, *event_shape) -> (B, units[-1])`; the network of the VampPrior paper.

    Args:
        input_shape: shape of one example.
        units: width of each `GatedDense` layer.
        activation: a Keras activation of what is gated; None for the identity.

    Raises:
        InvalidInputError: if `units` are no integers >= 1.

    Example:

    >>> GatedMLPEncoder((28, 28, 1), units=(32,))(tf.zeros((2, 28, 28, 1))).shape
    TensorShape([2, 32])

    Reference: Tomczak & Welling, 2018, https://arxiv.org/abs/1705.07120
    """


@register
class GatedMLPDecoder(_GatedMLP):
    """Codes to features, `(B, *latent_shape) -> (B, units[-1])`; the network of the VampPrior paper.

    Args:
        input_shape: shape of one code, such as `(16,)`.
        units: width of each `GatedDense` layer, from the code outwards.
        activation: a Keras activation of what is gated; None for the identity.

    Raises:
        InvalidInputError: if `units` are no integers >= 1.

    Example:

    >>> GatedMLPDecoder((16,), units=(32,))(tf.zeros((2, 16))).shape
    TensorShape([2, 32])

    Reference: Tomczak & Welling, 2018, https://arxiv.org/abs/1705.07120
    """

"""Fully connected encoder and decoder with gated layers."""

from collections.abc import Sequence

import keras

from keras_vae.layers.gated_dense import GatedDense
from keras_vae.networks.network import Network
from keras_vae.serialization import register
from keras_vae.widths import check_widths


class _GatedMLP(Network):
    """Gated dense layers on flattened inputs."""

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
    """Maps examples of any shape to features, `(B, *event_shape) -> (B, units[-1])`, as in the VampPrior paper.

    Args:
        input_shape: shape of one example.
        units: widths of the `GatedDense` layers.
        activation: Keras activation of the gated values. None: the identity.

    Raises:
        InvalidInputError: if `units` are not integers >= 1.

    Example:

    >>> GatedMLPEncoder((28, 28, 1), units=(32,))(tf.zeros((2, 28, 28, 1))).shape
    TensorShape([2, 32])

    Reference: Tomczak & Welling, 2018, https://arxiv.org/abs/1705.07120
    """


@register
class GatedMLPDecoder(_GatedMLP):
    """Maps latents to features, `(B, *latent_shape) -> (B, units[-1])`, as in the VampPrior paper.

    Args:
        input_shape: shape of one latent vector, such as `(16,)`.
        units: widths of the `GatedDense` layers, from the latent side.
        activation: Keras activation of the gated values. None: the identity.

    Raises:
        InvalidInputError: if `units` are not integers >= 1.

    Example:

    >>> GatedMLPDecoder((16,), units=(32,))(tf.zeros((2, 16))).shape
    TensorShape([2, 32])

    Reference: Tomczak & Welling, 2018, https://arxiv.org/abs/1705.07120
    """

"""Encoders and decoders: subclassed Keras models from examples or codes to features."""

from keras_vae.networks.conv import ConvDecoder, ConvEncoder
from keras_vae.networks.mirror import NETWORKS, mirrored
from keras_vae.networks.mlp import MLPDecoder, MLPEncoder
from keras_vae.networks.network import Network

__all__ = ["NETWORKS", "ConvDecoder", "ConvEncoder", "MLPDecoder", "MLPEncoder", "Network", "mirrored"]

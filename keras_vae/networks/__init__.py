"""Encoders, decoders and critics: subclassed Keras models."""

from keras_vae.networks.backbone import BackboneEncoder
from keras_vae.networks.conv import ConvDecoder, ConvEncoder
from keras_vae.networks.conv_critic import ConvCritic
from keras_vae.networks.critic import Critic
from keras_vae.networks.gated_mlp import GatedMLPDecoder, GatedMLPEncoder
from keras_vae.networks.linear_skip import (
    LinearPathDecoder,
    LinearSkipDecoder,
    LinearSkipEncoder,
    PCADecoder,
    can_have_linear_skip,
)
from keras_vae.networks.make_networks import NETWORKS, check_network_options, make_networks
from keras_vae.networks.mlp import MLPDecoder, MLPEncoder
from keras_vae.networks.network import Network
from keras_vae.networks.options import NetworkOptions
from keras_vae.networks.patch_skip import PatchSkipDecoder, PatchSkipEncoder, can_have_patch_skip
from keras_vae.networks.regularized import Regularized
from keras_vae.networks.resnet import ResNetDecoder, ResNetEncoder
from keras_vae.networks.sequence import SequenceDecoder, SequenceEncoder

__all__ = [
    "NETWORKS",
    "BackboneEncoder",
    "ConvCritic",
    "ConvDecoder",
    "ConvEncoder",
    "Critic",
    "GatedMLPDecoder",
    "GatedMLPEncoder",
    "LinearPathDecoder",
    "LinearSkipDecoder",
    "LinearSkipEncoder",
    "MLPDecoder",
    "MLPEncoder",
    "Network",
    "NetworkOptions",
    "PCADecoder",
    "PatchSkipDecoder",
    "PatchSkipEncoder",
    "Regularized",
    "ResNetDecoder",
    "ResNetEncoder",
    "SequenceDecoder",
    "SequenceEncoder",
    "can_have_linear_skip",
    "can_have_patch_skip",
    "check_network_options",
    "make_networks",
]

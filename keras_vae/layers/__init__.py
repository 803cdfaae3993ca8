"""Keras layers that are neither a network nor a distribution."""

from keras_vae.layers.augmentation import AUGMENTATIONS, image_augmentation
from keras_vae.layers.autoregressive_flow import AutoregressiveFlow
from keras_vae.layers.bijection import Bijection
from keras_vae.layers.bottleneck import Bottleneck
from keras_vae.layers.condition import Condition, LabelCondition, VectorCondition
from keras_vae.layers.corruption import (
    CORRUPTIONS,
    Corruption,
    GaussianCorruption,
    MaskingCorruption,
    SaltAndPepperCorruption,
)
from keras_vae.layers.coupling import Coupling
from keras_vae.layers.flow import Flow
from keras_vae.layers.gated_dense import GatedDense
from keras_vae.layers.group_normalization import GroupNormalization
from keras_vae.layers.image_refinement import ImageRefinement
from keras_vae.layers.made import MADE
from keras_vae.layers.pixel_cnn import PixelCNN
from keras_vae.layers.residual_block import ResidualBlock
from keras_vae.layers.sampling import Sampling
from keras_vae.layers.spatial_attention import SpatialAttention
from keras_vae.layers.spectral_normalization import SpectralNormalization
from keras_vae.layers.subpixel_upsampling import SubpixelUpsampling
from keras_vae.layers.upsampled_conv2d import UpsampledConv2D

__all__ = [
    "AUGMENTATIONS",
    "CORRUPTIONS",
    "MADE",
    "AutoregressiveFlow",
    "Bijection",
    "Bottleneck",
    "Condition",
    "Corruption",
    "Coupling",
    "Flow",
    "GatedDense",
    "GaussianCorruption",
    "GroupNormalization",
    "ImageRefinement",
    "LabelCondition",
    "MaskingCorruption",
    "PixelCNN",
    "ResidualBlock",
    "SaltAndPepperCorruption",
    "Sampling",
    "SpatialAttention",
    "SpectralNormalization",
    "SubpixelUpsampling",
    "UpsampledConv2D",
    "VectorCondition",
    "image_augmentation",
]

"""Keras layers that are neither a network nor a distribution."""

from keras_vae.layers.sampling import Sampling

__all__ = ["Sampling"]

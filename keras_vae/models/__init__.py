"""Models: what the parts are put together in."""

from keras_vae.models.autoencoder import Autoencoder
from keras_vae.models.inference import Inference
from keras_vae.models.load import load_model

__all__ = ["Autoencoder", "Inference", "load_model"]

"""Models: autoencoders that combine a posterior, a likelihood, a prior, an objective and two networks."""

from keras_vae.models.adversarial import AdversarialAutoencoder
from keras_vae.models.autoencoder import Autoencoder
from keras_vae.models.importance_sampling import ImportanceSampling
from keras_vae.models.load import load_model
from keras_vae.models.semi_supervised import SemiSupervisedAutoencoder

__all__ = ["AdversarialAutoencoder", "Autoencoder", "ImportanceSampling", "SemiSupervisedAutoencoder", "load_model"]

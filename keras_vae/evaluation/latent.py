"""How much each latent dimension carries."""

import numpy as np

from keras_vae.models import Autoencoder
from keras_vae.objectives import kl_per_dimension as _kl_of_latent
from keras_vae.trace import Latent

ACTIVE = 0.01


def kl_per_dimension(model: Autoencoder, x: np.ndarray) -> np.ndarray:
    """The mean over `x` of KL(q(z_d | x) || p(z_d)) for each dimension of the flattened code, nats, `(D,)`.

    Args:
        model: a model whose posterior and prior have independent dimensions.
        x: examples `(N, *event_shape)`.

    Raises:
        InvalidInputError: if the dimensions are not independent.
    """
    kl = _kl_of_latent(Latent(model.encode(x), model.prior_distribution(), None))
    return kl.numpy().mean(axis=0).reshape(-1)


def variance_of_means(model: Autoencoder, x: np.ndarray) -> np.ndarray:
    """The variance over `x` of each dimension's posterior mean, `(D,)`.

    A dimension is called active when it is above `ACTIVE` = 0.01.

    Args:
        model: any model.
        x: examples `(N, *event_shape)`.

    Reference: Burda, Grosse & Salakhutdinov, 2016, section 5.2, https://arxiv.org/abs/1509.00519
    """
    means = model.encode(x).mean().numpy()
    return means.reshape(len(means), -1).var(axis=0)

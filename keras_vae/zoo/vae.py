"""The original variational autoencoder."""

from typing import Any

from keras_vae.models import Autoencoder
from keras_vae.zoo.beta_vae import beta_vae


def vae(event_shape: tuple[int, ...], latent_dim: int = 16, **options: Any) -> Autoencoder:
    """Variational autoencoder: the loss is the negative ELBO.

        loss = -E_q[log p(x | z)] + KL(q(z | x) || p(z)) >= -log p(x)

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: length of the code.
        **options: those of `beta_vae` but beta, which is 1.

    Example:

    >>> vae((8, 8, 1), 4, units=(32,)).sample(3, seed=0).shape
    (3, 8, 8, 1)

    Reference: Kingma & Welling, 2014, https://arxiv.org/abs/1312.6114
    """
    model = beta_vae(event_shape, latent_dim, beta=1.0, **options)
    model.name = "vae"
    return model

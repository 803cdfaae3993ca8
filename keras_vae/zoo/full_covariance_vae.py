"""The VAE with a full-covariance posterior."""

from typing import Any

from keras_vae.models import Autoencoder
from keras_vae.objectives import KL, NLL
from keras_vae.zoo.assemble import assemble


def full_covariance_vae(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    **options: Any,
) -> Autoencoder:
    """VAE whose posterior knows how the code's dimensions depend on each other.

        q(z | x) = N(mu(x), L(x) L(x)^T)

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: length of the code.
        **options: of its parts and networks, see `assemble`.

    Example:

    >>> full_covariance_vae((8, 8, 1), 4, units=(32,)).sample(3, seed=0).shape
    (3, 8, 8, 1)

    Reference: Kingma & Welling, 2019, section 2.5.1, https://arxiv.org/abs/1906.02691
    """
    return assemble(
        "full_covariance_vae",
        event_shape,
        latent_dim,
        options,
        objective=NLL() + KL(),
        posterior="full_covariance_normal",
    )

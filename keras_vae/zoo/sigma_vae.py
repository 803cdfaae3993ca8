"""The VAE with an optimal noise scale."""

from typing import Any

from keras_vae.models import Autoencoder
from keras_vae.objectives import KL, NLL
from keras_vae.zoo.assemble import assemble


def sigma_vae(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    **options: Any,
) -> Autoencoder:
    """VAE with a normal likelihood whose scale is always the best one for the data, so no weight needs tuning.

        p(x | z) = N(mu(z), sigma*^2),  sigma*^2 = E[(x - mu(z))^2]

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: length of the code.
        **options: of its parts and networks, see `assemble`.

    Example:

    >>> sigma_vae((8, 8, 1), 4, units=(32,)).sample(3, seed=0).shape
    (3, 8, 8, 1)

    Reference: Rybkin, Daniilidis & Levine, 2021, https://arxiv.org/abs/2006.13202
    """
    return assemble(
        "sigma_vae",
        event_shape,
        latent_dim,
        options,
        objective=NLL() + KL(),
        likelihood="normal_optimal",
    )

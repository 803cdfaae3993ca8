"""DIP-VAE, variant II."""

from typing import Any

from keras_vae.models import Autoencoder
from keras_vae.objectives import DIP, KL, NLL
from keras_vae.zoo.assemble import assemble


def dip_vae_ii(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    *,
    diagonal: float = 1.0,
    off_diagonal: float = 1.0,
    **options: Any,
) -> Autoencoder:
    """VAE that keeps the covariance of the codes near the identity.

        loss = -E_q[log p(x | z)] + KL + diagonal sum_i (C_ii - 1)^2 + off_diagonal sum_(i!=j) C_ij^2,  C = Cov[z]

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: length of the code.
        diagonal: weight on the diagonal of the covariance.
        off_diagonal: weight off it.
        **options: of its parts and networks, see `assemble`.

    Example:

    >>> dip_vae_ii((8, 8, 1), 4, units=(32,)).sample(3, seed=0).shape
    (3, 8, 8, 1)

    Reference: Kumar, Sattigeri & Balakrishnan, 2018, https://arxiv.org/abs/1711.00848
    """
    return assemble(
        "dip_vae_ii",
        event_shape,
        latent_dim,
        options,
        objective=NLL() + KL() + DIP("ii", diagonal=diagonal, off_diagonal=off_diagonal),
    )

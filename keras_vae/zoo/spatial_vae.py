"""The VAE with a map of codes."""

from typing import Any

from keras_vae.models import Autoencoder
from keras_vae.objectives import KL, NLL
from keras_vae.zoo.assemble import assemble


def spatial_vae(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    *,
    beta: float = 1.0,
    **options: Any,
) -> Autoencoder:
    """VAE whose code is a small image: detail stays where it was.

        z of shape (h, w, latent_dim);  loss = -E_q[log p(x | z)] + beta KL(q(z | x) || p(z))

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: length of the code.
        beta: weight of the KL.
        **options: of its parts and networks, see `assemble`.

    Example:

    >>> spatial_vae((8, 8, 1), 4, filters=(8,)).sample(3, seed=0).shape
    (3, 8, 8, 1)

    Reference: Rombach et al., 2022, section 3.1, https://arxiv.org/abs/2112.10752
    """
    options = {"network": "spatial", **options}
    return assemble(
        "spatial_vae",
        event_shape,
        latent_dim,
        options,
        objective=NLL() + beta * KL(),
    )

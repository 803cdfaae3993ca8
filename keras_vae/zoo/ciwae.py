"""The combination of ELBO and importance-weighted bound."""

from typing import Any

from keras_vae.models import Autoencoder
from keras_vae.objectives import IWAE, KL, NLL
from keras_vae.zoo.assemble import assemble


def ciwae(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    *,
    beta: float = 0.5,
    samples: int = 8,
    **options: Any,
) -> Autoencoder:
    """A mixture of the ELBO and the importance-weighted bound.

        loss = -(beta ELBO + (1 - beta) IWAE_k)

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: length of the code.
        beta: share of the ELBO.
        samples: draws of z per example, k.
        **options: of its parts and networks, see `assemble`.

    Example:

    >>> ciwae((8, 8, 1), 4, units=(32,)).sample(3, seed=0).shape
    (3, 8, 8, 1)

    Reference: Rainforth et al., 2018, https://arxiv.org/abs/1802.04537
    """
    return assemble(
        "ciwae",
        event_shape,
        latent_dim,
        options,
        objective=beta * NLL() + beta * KL() + (1 - beta) * IWAE(samples),
    )

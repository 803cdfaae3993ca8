"""The VAE with a gradient that sticks the landing."""

from typing import Any

from keras_vae.models import Autoencoder
from keras_vae.objectives import STL
from keras_vae.zoo.assemble import assemble


def stl_vae(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    *,
    samples: int = 1,
    **options: Any,
) -> Autoencoder:
    """VAE whose gradient has no variance left once the posterior is exact.

        loss = -E_q[log p(x, z) - log q(z | x)], no gradient through the parameters of log q

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: length of the code.
        samples: draws of z per example.
        **options: of its parts and networks, see `assemble`.

    Example:

    >>> stl_vae((8, 8, 1), 4, units=(32,)).sample(3, seed=0).shape
    (3, 8, 8, 1)

    Reference: Roeder, Wu & Duvenaud, 2017, https://arxiv.org/abs/1703.09194
    """
    return assemble(
        "stl_vae",
        event_shape,
        latent_dim,
        options,
        objective=STL(samples),
    )

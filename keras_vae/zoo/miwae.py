"""The multiply importance-weighted autoencoder."""

from typing import Any

from keras_vae.models import Autoencoder
from keras_vae.objectives import IWAE
from keras_vae.zoo.assemble import assemble


def miwae(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    *,
    samples: int = 8,
    bounds: int = 8,
    **options: Any,
) -> Autoencoder:
    """The mean of several importance-weighted bounds: less tight than one of all draws, better for the encoder.

        loss = -1/m sum_j E[log 1/k sum_i p(x, z_ij) / q(z_ij | x)]

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: length of the code.
        samples: draws in each bound, k.
        bounds: number of bounds, m.
        **options: of its parts and networks, see `assemble`.

    Example:

    >>> miwae((8, 8, 1), 4, units=(32,)).sample(3, seed=0).shape
    (3, 8, 8, 1)

    Reference: Rainforth et al., 2018, https://arxiv.org/abs/1802.04537
    """
    return assemble(
        "miwae",
        event_shape,
        latent_dim,
        options,
        objective=IWAE(samples, m=bounds),
    )

"""The importance-weighted autoencoder."""

from typing import Any

from keras_vae.models import Autoencoder
from keras_vae.objectives import IWAE
from keras_vae.zoo.assemble import assemble


def iwae(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    *,
    samples: int = 5,
    **options: Any,
) -> Autoencoder:
    """Importance-weighted autoencoder: a tighter bound by several draws of the code.

        loss = -E[log 1/k sum_i p(x, z_i) / q(z_i | x)]

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: length of the code.
        samples: draws of z per example, k.
        **options: of its parts and networks, see `assemble`.

    Example:

    >>> iwae((8, 8, 1), 4, units=(32,)).sample(3, seed=0).shape
    (3, 8, 8, 1)

    Reference: Burda, Grosse & Salakhutdinov, 2016, https://arxiv.org/abs/1509.00519
    """
    return assemble(
        "iwae",
        event_shape,
        latent_dim,
        options,
        objective=IWAE(samples),
    )

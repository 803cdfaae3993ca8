"""The conditional VAE."""

from typing import Any

from keras_vae.models import Autoencoder
from keras_vae.objectives import KL, NLL
from keras_vae.zoo.assemble import assemble


def conditional_vae(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    *,
    classes: int = 10,
    **options: Any,
) -> Autoencoder:
    """VAE that is told the label, or a vector, and so generates what it is told.

        loss = -E_q(z|x,y)[log p(x | y, z)] + KL(q(z | x, y) || p(z))

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: length of the code.
        classes: number of labels; for vectors give `condition=VectorCondition(size)` instead.
        **options: of its parts and networks, see `assemble`.

    Example:

    >>> conditional_vae((8, 8, 1), 4, units=(32,)).sample(3, seed=0, condition=[7, 7, 1]).shape
    (3, 8, 8, 1)

    Reference: Sohn, Lee & Yan, 2015,
    https://papers.nips.cc/paper/2015/hash/8d55a249e6baa5c06772297520da2051-Abstract.html
    """
    return assemble(
        "conditional_vae",
        event_shape,
        latent_dim,
        options,
        objective=NLL() + KL(),
        condition=classes,
    )

"""The sliced-Wasserstein autoencoder."""

from typing import Any

from keras_vae.models import Autoencoder
from keras_vae.objectives import NLL, SlicedWasserstein
from keras_vae.zoo.assemble import assemble


def swae(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    *,
    penalty: float = 100.0,
    projections: int = 50,
    **options: Any,
) -> Autoencoder:
    """Autoencoder whose codes are held to the prior along random directions.

        loss = -log p(x | z) + penalty SW_2^2(q(z), p(z)),  z = f(x)

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: length of the code.
        penalty: weight of the distance.
        projections: random directions in each step.
        **options: of its parts and networks, see `assemble`.

    Example:

    >>> swae((8, 8, 1), 4, units=(32,)).sample(3, seed=0).shape
    (3, 8, 8, 1)

    Reference: Kolouri et al., 2019, https://arxiv.org/abs/1804.01947
    """
    return assemble(
        "swae",
        event_shape,
        latent_dim,
        options,
        objective=NLL() + penalty * SlicedWasserstein(projections),
        posterior="deterministic",
    )

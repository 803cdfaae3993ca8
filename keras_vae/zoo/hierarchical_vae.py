"""The VAE with two levels."""

from typing import Any

from keras_vae.checks import check_integer
from keras_vae.distributions import Ladder
from keras_vae.models import Autoencoder
from keras_vae.objectives import KL, NLL
from keras_vae.zoo.assemble import assemble, weight


def hierarchical_vae(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    *,
    levels: tuple[int, ...] | None = None,
    ladder_units: int = 64,
    warmup_steps: int = 0,
    **options: Any,
) -> Autoencoder:
    """VAE with two levels of codes, both seen by the decoder.

        p(z_1) p(z_2 | z_1) p(x | z_1, z_2);  q(z_1 | x) q(z_2 | z_1, x)

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: length of the code.
        levels: dimensions of each level, top first; two of `latent_dim` when None.
        ladder_units: width of the layers between the levels.
        warmup_steps: steps over which the weight of the KL rises to 1.
        **options: of its parts and networks, see `assemble`.

    Example:

    >>> hierarchical_vae((8, 8, 1), 4, units=(32,)).sample(3, seed=0).shape
    (3, 8, 8, 1)

    Reference: Tomczak & Welling, 2018, section 3.2, https://arxiv.org/abs/1705.07120
    """
    latent_dim = check_integer("latent_dim", latent_dim)
    levels = (latent_dim, latent_dim) if levels is None else tuple(levels)
    ladder = Ladder((sum(levels),), levels=levels, merge="concatenate", units=ladder_units, decode="all")
    return assemble(
        "hierarchical_vae",
        event_shape,
        latent_dim,
        options,
        objective=NLL() + weight(1.0, warmup_steps) * KL(),
        posterior=ladder,
    )

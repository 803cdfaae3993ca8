"""The VAE for counts."""

from typing import Any

from keras_vae.models import Autoencoder
from keras_vae.objectives import KL, NLL
from keras_vae.zoo.assemble import assemble


def count_vae(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    **options: Any,
) -> Autoencoder:
    """VAE whose likelihood is the negative binomial: counts with more spread than a Poisson has.

        p(x | z) = NegativeBinomial(x; mean(z), dispersion)

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: length of the code.
        **options: of its parts and networks, see `assemble`.

    Example:

    >>> count_vae((8, 8, 1), 4, units=(32,)).sample(3, seed=0).shape
    (3, 8, 8, 1)

    Reference: Lopez et al., 2018, https://doi.org/10.1038/s41592-018-0229-2
    """
    return assemble(
        "count_vae",
        event_shape,
        latent_dim,
        options,
        objective=NLL() + KL(),
        likelihood="negative_binomial",
    )

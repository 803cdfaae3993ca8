"""The VAE on the simplex."""

from typing import Any

from keras_vae.models import Autoencoder
from keras_vae.objectives import KL, NLL
from keras_vae.zoo.assemble import assemble


def dirichlet_vae(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    *,
    concentration: float = 0.5,
    **options: Any,
) -> Autoencoder:
    """VAE whose codes are proportions that add up to one, such as topics of a text.

        q(z | x) = Dirichlet(a(x)),  p(z) = Dirichlet(concentration)

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: length of the code.
        concentration: of the prior: below 1 few proportions are large.
        **options: of its parts and networks, see `assemble`.

    Example:

    >>> dirichlet_vae((8, 8, 1), 4, units=(32,)).sample(3, seed=0).shape
    (3, 8, 8, 1)

    Reference: Joo et al., 2020, https://arxiv.org/abs/1901.02739
    """
    return assemble(
        "dirichlet_vae",
        event_shape,
        latent_dim,
        options,
        objective=NLL() + KL(),
        posterior="dirichlet",
        prior={"name": "dirichlet", "concentration": concentration},
    )

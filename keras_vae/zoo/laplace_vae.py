"""The VAE with a Laplace posterior."""

from typing import Any

from keras_vae.models import Autoencoder
from keras_vae.objectives import KL, NLL
from keras_vae.zoo.assemble import assemble


def laplace_vae(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    **options: Any,
) -> Autoencoder:
    """VAE with a Laplace posterior, whose heavier tails make codes sparse.

        q(z_d | x) = Laplace(mu_d(x), b_d(x)),  p(z) = N(0, I)

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: length of the code.
        **options: of its parts and networks, see `assemble`.

    Example:

    >>> laplace_vae((8, 8, 1), 4, units=(32,)).sample(3, seed=0).shape
    (3, 8, 8, 1)

    Reference: Barello, Charles & Pillow, 2018, https://doi.org/10.1101/399246
    """
    return assemble(
        "laplace_vae",
        event_shape,
        latent_dim,
        options,
        objective=NLL() + KL(estimator="monte_carlo"),
        posterior="laplace",
    )

"""The VAE on the sphere."""

from typing import Any

from keras_vae.models import Autoencoder
from keras_vae.objectives import KL, NLL
from keras_vae.zoo.assemble import assemble


def hyperspherical_vae(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    **options: Any,
) -> Autoencoder:
    """VAE whose codes lie on the unit sphere, where the uniform prior pulls to no centre.

        q(z | x) = PowerSpherical(mu(x), kappa(x)),  p(z) = Uniform(S^(D-1))

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: length of the code.
        **options: of its parts and networks, see `assemble`.

    Example:

    >>> hyperspherical_vae((8, 8, 1), 4, units=(32,)).sample(3, seed=0).shape
    (3, 8, 8, 1)

    References: Davidson et al., 2018, https://arxiv.org/abs/1804.00891; De Cao & Aziz, 2020,
    https://arxiv.org/abs/2006.04437
    """
    return assemble(
        "hyperspherical_vae",
        event_shape,
        latent_dim,
        options,
        objective=NLL() + KL(),
        posterior="power_spherical",
        prior="uniform_sphere",
    )

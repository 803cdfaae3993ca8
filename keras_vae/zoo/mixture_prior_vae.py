"""The VAE with a learned mixture as prior."""

from typing import Any

from keras_vae.models import Autoencoder
from keras_vae.objectives import KL, NLL
from keras_vae.zoo.assemble import assemble


def mixture_prior_vae(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    *,
    components: int = 10,
    **options: Any,
) -> Autoencoder:
    """VAE whose prior is a learned mixture of normals, for data that fall into groups.

        p(z) = sum_k pi_k N(z; mu_k, sigma_k^2)

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: length of the code.
        components: number of normals.
        **options: of its parts and networks, see `assemble`.

    Example:

    >>> mixture_prior_vae((8, 8, 1), 4, units=(32,)).sample(3, seed=0).shape
    (3, 8, 8, 1)

    Reference: Dilokthanakul et al., 2016, https://arxiv.org/abs/1611.02648
    """
    return assemble(
        "mixture_prior_vae",
        event_shape,
        latent_dim,
        options,
        objective=NLL() + KL(estimator="monte_carlo"),
        prior={"name": "mixture", "components": components},
    )

"""The VAE whose posterior is bent by an inverse autoregressive flow."""

from typing import Any

from keras_vae.models import Autoencoder
from keras_vae.objectives import KL, NLL
from keras_vae.zoo.assemble import assemble


def iaf_vae(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    *,
    flows: int = 4,
    **options: Any,
) -> Autoencoder:
    """VAE whose posterior is a normal bent by an inverse autoregressive flow.

        z = f_T(... f_1(z_0)),  f_t(z) = sigma_t(z_<d) z + mu_t(z_<d)

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: length of the code.
        flows: number of steps of the flow.
        **options: of its parts and networks, see `assemble`.

    Example:

    >>> iaf_vae((8, 8, 1), 4, units=(32,)).sample(3, seed=0).shape
    (3, 8, 8, 1)

    Reference: Kingma et al., 2016, https://arxiv.org/abs/1606.04934
    """
    return assemble(
        "iaf_vae",
        event_shape,
        latent_dim,
        options,
        objective=NLL() + KL(estimator="monte_carlo"),
        posterior={"name": "inverse_autoregressive", "flows": flows},
    )

"""The VAE whose posterior is bent by planar flows."""

from typing import Any

from keras_vae.models import Autoencoder
from keras_vae.objectives import KL, NLL
from keras_vae.zoo.assemble import assemble


def planar_flow_vae(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    *,
    flows: int = 4,
    **options: Any,
) -> Autoencoder:
    """VAE whose posterior is a normal bent by planar flows.

        z = f_T(... f_1(z_0)),  f_t(z) = z + u_t(x) tanh(w_t(x).z + b_t(x))

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: length of the code.
        flows: number of steps of the flow.
        **options: of its parts and networks, see `assemble`.

    Example:

    >>> planar_flow_vae((8, 8, 1), 4, units=(32,)).sample(3, seed=0).shape
    (3, 8, 8, 1)

    Reference: Rezende & Mohamed, 2015, https://arxiv.org/abs/1505.05770
    """
    return assemble(
        "planar_flow_vae",
        event_shape,
        latent_dim,
        options,
        objective=NLL() + KL(estimator="monte_carlo"),
        posterior={"name": "planar", "flows": flows},
    )

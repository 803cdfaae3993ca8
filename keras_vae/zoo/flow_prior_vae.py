"""The VAE with a flow as prior."""

from typing import Any

from keras_vae.models import Autoencoder
from keras_vae.objectives import KL, NLL
from keras_vae.zoo.assemble import assemble


def flow_prior_vae(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    *,
    flow: str = "real_nvp",
    flows: int = 4,
    **options: Any,
) -> Autoencoder:
    """VAE whose prior is a learned normalising flow.

        p(z) = N(f(z); 0, I) |det df/dz|

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: length of the code.
        flow: `"real_nvp"`, fast both ways, or `"maf"`.
        flows: number of steps of the flow.
        **options: of its parts and networks, see `assemble`.

    Example:

    >>> flow_prior_vae((8, 8, 1), 4, units=(32,)).sample(3, seed=0).shape
    (3, 8, 8, 1)

    Reference: Chen et al., 2017, https://arxiv.org/abs/1611.02731
    """
    return assemble(
        "flow_prior_vae",
        event_shape,
        latent_dim,
        options,
        objective=NLL() + KL(estimator="monte_carlo"),
        prior={"name": flow, "flows": flows},
    )

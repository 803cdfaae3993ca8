"""The VAE for data with gaps."""

from typing import Any

from keras_vae.models import Autoencoder
from keras_vae.objectives import KL, NLL
from keras_vae.zoo.assemble import assemble


def masked_vae(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    *,
    base: str = "bernoulli",
    **options: Any,
) -> Autoencoder:
    """VAE for examples with missing values, NaN, which cost nothing and are filled in.

        loss = -E_q[log p(x_observed | z)] + KL(q(z | x_observed) || p(z))

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: length of the code.
        base: the likelihood of what is observed.
        **options: of its parts and networks, see `assemble`.

    Example:

    >>> masked_vae((8, 8, 1), 4, units=(32,)).sample(3, seed=0).shape
    (3, 8, 8, 1)

    References: Nazabal et al., 2020, https://arxiv.org/abs/1807.03653; Mattei & Frellsen, 2019,
    https://arxiv.org/abs/1812.02633
    """
    return assemble(
        "masked_vae",
        event_shape,
        latent_dim,
        options,
        objective=NLL() + KL(),
        likelihood={"name": "masked", "base": base},
    )

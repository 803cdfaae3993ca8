"""The VAE for 8-bit images."""

from typing import Any

from keras_vae.models import Autoencoder
from keras_vae.objectives import KL, NLL
from keras_vae.zoo.assemble import assemble


def discretized_logistic_vae(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    *,
    components: int = 5,
    **options: Any,
) -> Autoencoder:
    """VAE whose likelihood is a mixture of logistics over the 256 levels of a pixel: nats of the real data.

        p(x | z) = sum_k pi_k [sigmoid((x + 1/510 - mu_k) / s_k) - sigmoid((x - 1/510 - mu_k) / s_k)]

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: length of the code.
        components: logistics in the mixture.
        **options: of its parts and networks, see `assemble`.

    Example:

    >>> discretized_logistic_vae((8, 8, 1), 4, units=(32,)).sample(3, seed=0).shape
    (3, 8, 8, 1)

    Reference: Salimans et al., 2017, https://arxiv.org/abs/1701.05517
    """
    return assemble(
        "discretized_logistic_vae",
        event_shape,
        latent_dim,
        options,
        objective=NLL() + KL(),
        likelihood={"name": "discretized_logistic", "components": components},
    )

"""The variational Renyi autoencoder."""

from typing import Any

from keras_vae.models import Autoencoder
from keras_vae.objectives import Renyi
from keras_vae.zoo.assemble import assemble


def vr_vae(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    *,
    alpha: float = 0.5,
    samples: int = 5,
    **options: Any,
) -> Autoencoder:
    """VAE on the Renyi bound: between the ELBO (alpha to 1) and the likelihood (alpha = 0, IWAE).

        loss = -1/(1 - alpha) log 1/k sum_i (p(x, z_i) / q(z_i | x))^(1 - alpha)

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: length of the code.
        alpha: order of the divergence, not 1.
        samples: draws of z per example, k.
        **options: of its parts and networks, see `assemble`.

    Example:

    >>> vr_vae((8, 8, 1), 4, units=(32,)).sample(3, seed=0).shape
    (3, 8, 8, 1)

    Reference: Li & Turner, 2016, https://arxiv.org/abs/1602.02311
    """
    return assemble(
        "vr_vae",
        event_shape,
        latent_dim,
        options,
        objective=Renyi(alpha, k=samples),
    )

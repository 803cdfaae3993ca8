"""The VAE with a structural loss."""

from typing import Any

from keras_vae.models import Autoencoder
from keras_vae.objectives import KL, MSSSIM, NLL
from keras_vae.zoo.assemble import assemble


def ms_ssim_vae(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    *,
    structure: float = 10.0,
    **options: Any,
) -> Autoencoder:
    """VAE whose reconstructions are also judged by multi-scale structural similarity.

        loss = -E_q[log p(x | z)] + KL(q(z | x) || p(z)) + structure (1 - MS-SSIM(x, E[x | z]))

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: length of the code.
        structure: weight of the structural loss.
        **options: of its parts and networks, see `assemble`.

    Example:

    >>> ms_ssim_vae((8, 8, 1), 4, units=(32,)).sample(3, seed=0).shape
    (3, 8, 8, 1)

    Reference: Snell et al., 2017, https://arxiv.org/abs/1511.06409
    """
    return assemble(
        "ms_ssim_vae",
        event_shape,
        latent_dim,
        options,
        objective=NLL() + KL() + structure * MSSSIM(),
    )

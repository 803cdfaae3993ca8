"""The information-maximising VAE."""

from typing import Any

from keras_vae.errors import InvalidInputError
from keras_vae.models import Autoencoder
from keras_vae.objectives import KL, MMD, NLL
from keras_vae.zoo.assemble import assemble


def info_vae(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    *,
    alpha: float = 0.5,
    scale: float = 100.0,
    **options: Any,
) -> Autoencoder:
    """VAE that weighs the KL down and holds the aggregate posterior to the prior by a kernel distance.

        loss = -E_q[log p(x | z)] + (1 - alpha) KL(q(z | x) || p(z)) + (alpha + scale - 1) MMD^2(q(z), p(z))

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: length of the code.
        alpha: weight of the mutual information; 1 leaves the KL out (MMD-VAE).
        scale: lambda in the paper; the weight of the MMD is alpha + scale - 1 > 0.
        **options: of its parts and networks, see `assemble`.

    Raises:
        InvalidInputError: if the weight of the MMD is not positive.

    Example:

    >>> info_vae((8, 8, 1), 4, units=(32,)).sample(3, seed=0).shape
    (3, 8, 8, 1)

    Reference: Zhao, Song & Ermon, 2019, https://arxiv.org/abs/1706.02262
    """
    mmd_weight = alpha + scale - 1
    if not mmd_weight > 0:
        raise InvalidInputError(
            f"info_vae: the weight alpha + scale - 1 of the MMD must be positive; got {mmd_weight:g}; raise `scale`."
        )
    return assemble(
        "info_vae",
        event_shape,
        latent_dim,
        options,
        objective=NLL() + (1 - alpha) * KL() + mmd_weight * MMD(),
    )

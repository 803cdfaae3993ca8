"""The VAE for sequences."""

from typing import Any

from keras_vae.models import Autoencoder
from keras_vae.objectives import KL, NLL
from keras_vae.zoo.assemble import assemble, weight


def sequence_vae(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    *,
    beta: float = 1.0,
    warmup_steps: int = 0,
    **options: Any,
) -> Autoencoder:
    """VAE for sequences (steps, channels), by convolutions in time or a recurrent network.

        loss = -E_q[log p(x_1 ... x_T | z)] + beta KL(q(z | x) || p(z))

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: length of the code.
        beta: weight of the KL.
        warmup_steps: steps over which that weight rises from 0.
        **options: of its parts and networks, see `assemble`.

    Example:

    >>> sequence_vae((12, 2), 4, network="gru", units=16).sample(3, seed=0).shape
    (3, 12, 2)

    Reference: Bowman et al., 2016, https://arxiv.org/abs/1511.06349
    """
    options = {"network": "conv1d", **options}
    return assemble(
        "sequence_vae",
        event_shape,
        latent_dim,
        options,
        objective=NLL() + weight(beta, warmup_steps) * KL(),
        likelihood="normal",
    )

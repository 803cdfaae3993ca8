"""The variational autoencoder, with a weight on its KL."""

from typing import Any

from keras_vae.models import Autoencoder
from keras_vae.objectives import KL, NLL
from keras_vae.zoo.assemble import assemble, weight


def beta_vae(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    *,
    beta: float = 4.0,
    free_bits: float = 0.0,
    warmup_steps: int = 0,
    **options: Any,
) -> Autoencoder:
    """VAE with the KL weighted by beta: above 1 for codes that are apart, below 1 for detail.

        loss = -E_q[log p(x | z)] + beta KL(q(z | x) || p(z))

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: length of the code.
        beta: weight of the KL.
        free_bits: nats per latent dimension that the KL does not charge, see `KL`.
        warmup_steps: steps over which the weight rises from 0 to beta; 0 for none.
        **options: of its parts and networks, see `assemble`.

    Example:

    >>> beta_vae((8, 8, 1), 4, beta=2.0, units=(32,)).sample(3, seed=0).shape
    (3, 8, 8, 1)

    Reference: Higgins et al., 2017, https://openreview.net/forum?id=Sy2fzU9gl
    """
    objective = NLL() + weight(beta, warmup_steps) * KL(free_bits)
    return assemble("beta_vae", event_shape, latent_dim, options, objective=objective)

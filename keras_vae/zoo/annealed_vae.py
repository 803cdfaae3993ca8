"""The capacity-annealed VAE."""

from typing import Any

from keras_vae.models import Autoencoder
from keras_vae.objectives import NLL, Capacity, LinearWarmup
from keras_vae.zoo.assemble import assemble


def annealed_vae(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    *,
    capacity: float = 25.0,
    capacity_steps: int = 10_000,
    gamma: float = 100.0,
    **options: Any,
) -> Autoencoder:
    """VAE whose KL is held at a capacity that grows in training, so that factors come one by one.

        loss = -E_q[log p(x | z)] + gamma |mean KL - C(step)|,  C from 0 to `capacity`

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: length of the code.
        capacity: the KL at the end, in nats.
        capacity_steps: training batches over which it grows.
        gamma: how firmly the KL is held.
        **options: of its parts and networks, see `assemble`.

    Example:

    >>> annealed_vae((8, 8, 1), 4, units=(32,)).sample(3, seed=0).shape
    (3, 8, 8, 1)

    Reference: Burgess et al., 2018, https://arxiv.org/abs/1804.03599
    """
    return assemble(
        "annealed_vae",
        event_shape,
        latent_dim,
        options,
        objective=NLL() + gamma * Capacity(LinearWarmup(capacity_steps, capacity)),
    )

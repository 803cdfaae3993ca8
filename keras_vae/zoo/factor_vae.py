"""The VAE with a critic of dependence."""

from typing import Any

from keras_vae.models import AdversarialAutoencoder
from keras_vae.objectives import KL, NLL, DensityRatio, PermutationCritic
from keras_vae.zoo.assemble import assemble, code_critic


def factor_vae(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    *,
    gamma: float = 6.4,
    **options: Any,
) -> AdversarialAutoencoder:
    """VAE with a critic that measures how dependent the code's dimensions are.

        loss = -E_q[log p(x | z)] + KL(q(z | x) || p(z)) + gamma TC,  TC ~ E_q[critic(z)]

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: length of the code.
        gamma: weight of the total correlation.
        **options: of its parts and networks, see `assemble`.

    Example:

    >>> factor_vae((8, 8, 1), 4, units=(32,)).sample(3, seed=0).shape
    (3, 8, 8, 1)

    Reference: Kim & Mnih, 2018, https://arxiv.org/abs/1802.05983
    """
    return assemble(
        "factor_vae",
        event_shape,
        latent_dim,
        options,
        objective=NLL() + KL() + gamma * DensityRatio() + PermutationCritic(),
        kind=AdversarialAutoencoder,
        critic=code_critic,
    )

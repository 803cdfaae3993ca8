"""The Wasserstein autoencoder with a critic."""

from typing import Any

from keras_vae.models import AdversarialAutoencoder
from keras_vae.objectives import NLL, CodeAdversarial, CodeCritic
from keras_vae.zoo.assemble import assemble, code_critic


def wae_gan(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    *,
    penalty: float = 10.0,
    **options: Any,
) -> AdversarialAutoencoder:
    """Wasserstein autoencoder: a deterministic code whose distribution is held to the prior by a critic.

        loss = -log p(x | z) - penalty log sigmoid(critic(z)),  z = f(x)

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: length of the code.
        penalty: weight of the critic's judgement.
        **options: of its parts and networks, see `assemble`.

    Example:

    >>> wae_gan((8, 8, 1), 4, units=(32,)).sample(3, seed=0).shape
    (3, 8, 8, 1)

    Reference: Tolstikhin et al., 2018, https://arxiv.org/abs/1711.01558
    """
    return assemble(
        "wae_gan",
        event_shape,
        latent_dim,
        options,
        objective=NLL() + penalty * CodeAdversarial() + CodeCritic(),
        posterior="deterministic",
        kind=AdversarialAutoencoder,
        critic=code_critic,
    )

"""The adversarial autoencoder."""

from typing import Any

from keras_vae.models import AdversarialAutoencoder
from keras_vae.objectives import NLL, CodeAdversarial, CodeCritic
from keras_vae.zoo.assemble import assemble, code_critic


def aae(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    **options: Any,
) -> AdversarialAutoencoder:
    """Adversarial autoencoder: a random code whose distribution a critic cannot tell from the prior.

        loss = -E_q[log p(x | z)] - log sigmoid(critic(z)),  z ~ q(z | x)

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: length of the code.
        **options: of its parts and networks, see `assemble`.

    Example:

    >>> aae((8, 8, 1), 4, units=(32,)).sample(3, seed=0).shape
    (3, 8, 8, 1)

    Reference: Makhzani et al., 2016, https://arxiv.org/abs/1511.05644
    """
    return assemble(
        "aae",
        event_shape,
        latent_dim,
        options,
        objective=NLL() + CodeAdversarial() + CodeCritic(),
        kind=AdversarialAutoencoder,
        critic=code_critic,
    )

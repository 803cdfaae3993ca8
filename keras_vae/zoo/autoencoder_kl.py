"""The first stage of latent diffusion."""

from typing import Any

from keras_vae.models import AdversarialAutoencoder
from keras_vae.objectives import KL, NLL, DataAdversarial, DataCritic
from keras_vae.zoo.assemble import assemble, patch_critic


def autoencoder_kl(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    *,
    beta: float = 1e-3,
    adversarial: float = 0.5,
    **options: Any,
) -> AdversarialAutoencoder:
    """Autoencoder with a map of codes, a very small KL and a critic of patches, as under latent diffusion.

        loss = -E_q[log p(x | z)] + beta KL(q(z | x) || p(z)) - adversarial critic(E[x | z]), hinge losses

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: length of the code.
        beta: weight of the KL.
        adversarial: weight of the critic's judgement.
        **options: of its parts and networks, see `assemble`.

    Example:

    >>> autoencoder_kl((8, 8, 1), 4, filters=(8,)).sample(3, seed=0).shape
    (3, 8, 8, 1)

    Reference: Rombach et al., 2022, https://arxiv.org/abs/2112.10752
    """
    options = {"network": "spatial", **options}
    judged = adversarial * DataAdversarial(loss="hinge", from_prior=False)
    critic = DataCritic(loss="hinge", from_prior=False)
    return assemble(
        "autoencoder_kl",
        event_shape,
        latent_dim,
        options,
        objective=NLL() + beta * KL() + judged + critic,
        likelihood="laplace",
        kind=AdversarialAutoencoder,
        critic=patch_critic,
    )

"""The first stage of latent diffusion."""

from typing import Any

from keras_vae.models import AdversarialAutoencoder
from keras_vae.objectives import KL, NLL, DataAdversarial, DataCritic, Perceptual
from keras_vae.zoo.assemble import assemble, patch_critic


def autoencoder_kl(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    *,
    beta: float = 1e-3,
    adversarial: float = 0.5,
    perceptual: float = 0.0,
    **options: Any,
) -> AdversarialAutoencoder:
    """Autoencoder with a map of codes, a very small KL and a critic of patches, as under latent diffusion.

        loss = -E_q[log p(x | z)] + beta KL(q(z | x) || p(z)) - adversarial critic(E[x | z]), hinge losses

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: length of the code.
        beta: weight of the KL.
        adversarial: weight of the critic's judgement.
        perceptual: weight of the distance in the features of VGG16, see `Perceptual`; above 0 its ImageNet weights are
            downloaded once.
        **options: of its parts and networks, see `assemble`.

    Example:

    >>> autoencoder_kl((8, 8, 1), 4, filters=(8,)).sample(3, seed=0).shape
    (3, 8, 8, 1)

    Reference: Rombach et al., 2022, https://arxiv.org/abs/2112.10752
    """
    options = {"network": "spatial", **options}
    judged = adversarial * DataAdversarial(loss="hinge", from_prior=False)
    critic = DataCritic(loss="hinge", from_prior=False)
    objective = NLL() + beta * KL() + judged + critic
    if perceptual:
        objective = objective + perceptual * Perceptual(event_shape)
    return assemble(
        "autoencoder_kl",
        event_shape,
        latent_dim,
        options,
        objective=objective,
        likelihood="laplace",
        kind=AdversarialAutoencoder,
        critic=patch_critic,
    )

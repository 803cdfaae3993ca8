"""Recipes with a divergence between the aggregate posterior q(z) and the prior."""

from typing import Unpack

from keras_vae.errors import InvalidInputError
from keras_vae.models import AdversarialAutoencoder, Autoencoder
from keras_vae.objectives import KL, MMD, NLL, CodeAdversarial, CodeCritic, Sinkhorn, SlicedWasserstein
from keras_vae.zoo.assemble import CriticOptions, assemble, code_critic
from keras_vae.zoo.parts import Parts
from keras_vae.zoo.registry import recipe


@recipe(
    family="aggregate posterior",
    paper="Zhao, Song & Ermon, 2019",
    url="https://arxiv.org/abs/1706.02262",
    options_of={"objective": ("alpha", "scale")},
)
def info_vae(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    *,
    alpha: float = 0.5,
    scale: float = 100.0,
    **parts: Unpack[Parts],
) -> Autoencoder:
    """VAE with a smaller weight of the KL, and the MMD between the aggregate posterior and the prior.

        loss = -E_q[log p(x | z)] + (1 - alpha) KL(q(z | x) || p(z)) + (alpha + scale - 1) MMD^2(q(z), p(z))

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: length of the latent vector.
        alpha: weight of the mutual information; 1 removes the KL (MMD-VAE).
        scale: lambda in the paper. The weight of the MMD is alpha + scale - 1, which must be positive.
        **parts: see `Parts`.

    Raises:
        InvalidInputError: if the weight of the MMD is not positive.

    Example:

    >>> print(info_vae((8, 8, 1), 4, units=(32,)).objective)
    nll + 0.5 kl + 99.5 mmd
    """
    mmd_weight = alpha + scale - 1
    if not mmd_weight > 0:
        raise InvalidInputError(
            f"info_vae: the weight alpha + scale - 1 of the MMD must be positive; got {mmd_weight:g}; raise `scale`."
        )
    return assemble(
        "info_vae", event_shape, latent_dim, parts, objective=NLL() + (1 - alpha) * KL() + mmd_weight * MMD()
    )


@recipe(
    family="aggregate posterior",
    paper="Tolstikhin et al., 2018",
    url="https://arxiv.org/abs/1711.01558",
    options_of={"objective": ("penalty", "kernel")},
)
def wae_mmd(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    *,
    penalty: float = 100.0,
    kernel: str = "imq",
    **parts: Unpack[Parts],
) -> Autoencoder:
    """Wasserstein autoencoder that matches the distribution of its latents to the prior with the MMD.

        loss = -log p(x | z) + penalty MMD^2(q(z), p(z)),  z = f(x)

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: length of the latent vector.
        penalty: weight of the MMD.
        kernel: `"imq"` or `"rbf"`.
        **parts: see `Parts`.

    Example:

    >>> print(wae_mmd((8, 8, 1), 4, units=(32,)).objective)
    nll + 100 mmd
    """
    return assemble(
        "wae_mmd", event_shape, latent_dim, parts, objective=NLL() + penalty * MMD(kernel), posterior="deterministic"
    )


@recipe(
    family="aggregate posterior",
    paper="Tolstikhin et al., 2018",
    url="https://arxiv.org/abs/1711.01558",
    options_of={"objective": ("penalty",)},
)
def wae_gan(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    *,
    penalty: float = 10.0,
    critic: CriticOptions = None,
    **parts: Unpack[Parts],
) -> AdversarialAutoencoder:
    """Wasserstein autoencoder that matches the distribution of its latents to the prior with a critic.

        loss = -log p(x | z) - penalty log sigmoid(critic(z)),  z = f(x)

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: length of the latent vector.
        penalty: weight of the adversarial loss.
        critic: options of the critic, such as `{"units": (256, 256)}`, or a Keras model.
        **parts: see `Parts`.

    Example:

    >>> print(wae_gan((8, 8, 1), 4, units=(32,)).objective)
    nll + 10 code_adversarial + code_critic
    """
    return assemble(
        "wae_gan",
        event_shape,
        latent_dim,
        parts,
        objective=NLL() + penalty * CodeAdversarial() + CodeCritic(),
        posterior="deterministic",
        kind=AdversarialAutoencoder,
        critic=critic,
        new_critic=code_critic,
    )


@recipe(family="aggregate posterior", paper="Makhzani et al., 2016", url="https://arxiv.org/abs/1511.05644")
def aae(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    *,
    critic: CriticOptions = None,
    **parts: Unpack[Parts],
) -> AdversarialAutoencoder:
    """Adversarial autoencoder: a critic matches the distribution of the stochastic latents to the prior.

        loss = -E_q[log p(x | z)] - log sigmoid(critic(z)),  z ~ q(z | x)

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: length of the latent vector.
        critic: options of the critic, such as `{"units": (256, 256)}`, or a Keras model.
        **parts: see `Parts`.

    Example:

    >>> print(aae((8, 8, 1), 4, units=(32,)).objective)
    nll + code_adversarial + code_critic
    """
    return assemble(
        "aae",
        event_shape,
        latent_dim,
        parts,
        objective=NLL() + CodeAdversarial() + CodeCritic(),
        kind=AdversarialAutoencoder,
        critic=critic,
        new_critic=code_critic,
    )


@recipe(
    family="aggregate posterior",
    paper="Kolouri et al., 2019",
    url="https://arxiv.org/abs/1804.01947",
    options_of={"objective": ("penalty", "projections")},
)
def swae(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    *,
    penalty: float = 100.0,
    projections: int = 50,
    **parts: Unpack[Parts],
) -> Autoencoder:
    """Autoencoder that matches its latents to the prior with the sliced Wasserstein distance.

        loss = -log p(x | z) + penalty SW_2^2(q(z), p(z)),  z = f(x)

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: length of the latent vector.
        penalty: weight of the distance.
        projections: number of random directions per step.
        **parts: see `Parts`.

    Example:

    >>> print(swae((8, 8, 1), 4, units=(32,)).objective)
    nll + 100 sliced_wasserstein
    """
    return assemble(
        "swae",
        event_shape,
        latent_dim,
        parts,
        objective=NLL() + penalty * SlicedWasserstein(projections),
        posterior="deterministic",
    )


@recipe(
    family="aggregate posterior",
    paper="Patrini et al., 2019",
    url="https://arxiv.org/abs/1810.01118",
    options_of={"objective": ("penalty", "epsilon")},
)
def sinkhorn_ae(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    *,
    penalty: float = 10.0,
    epsilon: float = 0.5,
    **parts: Unpack[Parts],
) -> Autoencoder:
    """Autoencoder that matches its latents to the prior with entropic optimal transport.

        loss = -log p(x | z) + penalty S_epsilon(q(z), p(z)),  z = f(x)

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: length of the latent vector.
        penalty: weight of the divergence.
        epsilon: entropic regularisation, in squared units of the latents.
        **parts: see `Parts`.

    Example:

    >>> print(sinkhorn_ae((8, 8, 1), 4, units=(32,)).objective)
    nll + 10 sinkhorn
    """
    return assemble(
        "sinkhorn_ae",
        event_shape,
        latent_dim,
        parts,
        objective=NLL() + penalty * Sinkhorn(epsilon),
        posterior="deterministic",
    )

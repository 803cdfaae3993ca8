"""Recipes that penalise the dependence between latent dimensions."""

from typing import Unpack

from keras_vae.models import AdversarialAutoencoder, Autoencoder
from keras_vae.objectives import (
    DIP,
    KL,
    NLL,
    DensityRatio,
    DimensionwiseKL,
    MutualInformation,
    PermutationCritic,
    TotalCorrelation,
)
from keras_vae.zoo.assemble import CriticOptions, assemble, code_critic
from keras_vae.zoo.parts import Parts
from keras_vae.zoo.registry import recipe


@recipe(
    family="disentangling",
    paper="Chen et al., 2018",
    url="https://arxiv.org/abs/1802.04942",
    options_of={"objective": ("beta", "alpha", "gamma", "dataset_size", "estimator")},
)
def beta_tc_vae(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    *,
    beta: float = 6.0,
    alpha: float = 1.0,
    gamma: float = 1.0,
    dataset_size: int | None = None,
    estimator: str = "weighted",
    **parts: Unpack[Parts],
) -> Autoencoder:
    """VAE with separate weights of the three parts of the KL, for independent latent dimensions.

        loss = -E_q[log p(x | z)] + alpha MI + beta TC + gamma sum_d KL(q(z_d) || p(z_d))

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: length of the latent vector.
        beta: weight of the total correlation.
        alpha: weight of the mutual information of x and z.
        gamma: weight of the dimension-wise KL.
        dataset_size: number of training examples. None uses each batch as the data set.
        estimator: `"weighted"` or `"stratified"` minibatch estimate of q(z).
        **parts: see `Parts`.

    Example:

    >>> print(beta_tc_vae((8, 8, 1), 4, units=(32,)).objective)
    nll + mutual_information + 6 total_correlation + dimensionwise_kl
    """
    settings = {"dataset_size": dataset_size, "estimator": estimator}
    information, dependence = MutualInformation(**settings), TotalCorrelation(**settings)
    return assemble(
        "beta_tc_vae",
        event_shape,
        latent_dim,
        parts,
        objective=NLL() + alpha * information + beta * dependence + gamma * DimensionwiseKL(**settings),
    )


@recipe(
    family="disentangling",
    paper="Kim & Mnih, 2018",
    url="https://arxiv.org/abs/1802.05983",
    options_of={"objective": ("gamma",)},
)
def factor_vae(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    *,
    gamma: float = 6.4,
    critic: CriticOptions = None,
    **parts: Unpack[Parts],
) -> AdversarialAutoencoder:
    """VAE with a critic that estimates the total correlation of the latent dimensions.

        loss = -E_q[log p(x | z)] + KL(q(z | x) || p(z)) + gamma TC,  TC ~ E_q[critic(z)]

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: length of the latent vector.
        gamma: weight of the total correlation.
        critic: options of the critic, such as `{"units": (256, 256)}`, or a Keras model.
        **parts: see `Parts`.

    Example:

    >>> model = factor_vae((8, 8, 1), 4, units=(32,), critic={"units": (64, 64)})
    >>> print(model.objective, model.critic.units)
    nll + kl + 6.4 density_ratio + permutation_critic (64, 64)
    """
    return assemble(
        "factor_vae",
        event_shape,
        latent_dim,
        parts,
        objective=NLL() + KL() + gamma * DensityRatio() + PermutationCritic(),
        kind=AdversarialAutoencoder,
        critic=critic,
        new_critic=code_critic,
    )


@recipe(
    family="disentangling",
    paper="Kumar, Sattigeri & Balakrishnan, 2018",
    url="https://arxiv.org/abs/1711.00848",
    options_of={"objective": ("diagonal", "off_diagonal")},
)
def dip_vae_i(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    *,
    diagonal: float = 10.0,
    off_diagonal: float = 1.0,
    **parts: Unpack[Parts],
) -> Autoencoder:
    """VAE that regularises the covariance of the posterior means towards the identity.

        loss = -E_q[log p(x | z)] + KL + diagonal sum_i (C_ii - 1)^2 + off_diagonal sum_(i!=j) C_ij^2,  C = Cov[E_q z]

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: length of the latent vector.
        diagonal: weight on the diagonal of the covariance.
        off_diagonal: weight on the off-diagonal elements.
        **parts: see `Parts`.

    Example:

    >>> print(dip_vae_i((8, 8, 1), 4, units=(32,)).objective)
    nll + kl + dip
    """
    return assemble(
        "dip_vae_i",
        event_shape,
        latent_dim,
        parts,
        objective=NLL() + KL() + DIP("i", diagonal=diagonal, off_diagonal=off_diagonal),
    )


@recipe(
    family="disentangling",
    paper="Kumar, Sattigeri & Balakrishnan, 2018",
    url="https://arxiv.org/abs/1711.00848",
    options_of={"objective": ("diagonal", "off_diagonal")},
)
def dip_vae_ii(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    *,
    diagonal: float = 1.0,
    off_diagonal: float = 1.0,
    **parts: Unpack[Parts],
) -> Autoencoder:
    """VAE that regularises the covariance of the latents towards the identity.

        loss = -E_q[log p(x | z)] + KL + diagonal sum_i (C_ii - 1)^2 + off_diagonal sum_(i!=j) C_ij^2,  C = Cov[z]

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: length of the latent vector.
        diagonal: weight on the diagonal of the covariance.
        off_diagonal: weight on the off-diagonal elements.
        **parts: see `Parts`.

    Example:

    >>> print(dip_vae_ii((8, 8, 1), 4, units=(32,)).objective)
    nll + kl + dip
    """
    return assemble(
        "dip_vae_ii",
        event_shape,
        latent_dim,
        parts,
        objective=NLL() + KL() + DIP("ii", diagonal=diagonal, off_diagonal=off_diagonal),
    )

"""The VAE with a weight on total correlation."""

from typing import Any

from keras_vae.models import Autoencoder
from keras_vae.objectives import NLL, DimensionwiseKL, MutualInformation, TotalCorrelation
from keras_vae.zoo.assemble import assemble


def beta_tc_vae(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    *,
    beta: float = 6.0,
    alpha: float = 1.0,
    gamma: float = 1.0,
    dataset_size: int | None = None,
    estimator: str = "weighted",
    **options: Any,
) -> Autoencoder:
    """VAE that weighs the three parts of the KL apart, to make the code's dimensions independent.

        loss = -E_q[log p(x | z)] + alpha MI + beta TC + gamma sum_d KL(q(z_d) || p(z_d))

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: length of the code.
        beta: weight of the total correlation.
        alpha: weight of the mutual information of x and z.
        gamma: weight of the dimension-wise KL.
        dataset_size: number of training examples; None takes the batch for the data set.
        estimator: `"weighted"` or `"stratified"` minibatch estimates of q(z).
        **options: of its parts and networks, see `assemble`.

    Example:

    >>> beta_tc_vae((8, 8, 1), 4, units=(32,)).sample(3, seed=0).shape
    (3, 8, 8, 1)

    Reference: Chen et al., 2018, https://arxiv.org/abs/1802.04942
    """
    settings = {"dataset_size": dataset_size, "estimator": estimator}
    information, dependence = MutualInformation(**settings), TotalCorrelation(**settings)
    return assemble(
        "beta_tc_vae",
        event_shape,
        latent_dim,
        options,
        objective=NLL() + alpha * information + beta * dependence + gamma * DimensionwiseKL(**settings),
    )

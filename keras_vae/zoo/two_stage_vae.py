"""The two-stage VAE."""

from typing import Any

from keras_vae.models import Autoencoder
from keras_vae.objectives import NLL, PriorNLL, StandardNormalKL
from keras_vae.zoo.assemble import assemble


def two_stage_vae(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    *,
    stage_units: tuple[int, ...] = (128, 128),
    **options: Any,
) -> Autoencoder:
    """VAE with a second VAE of its codes as prior, so that samples come from where the codes are.

        stage 1: -E_q[log p(x | z)] + KL(q(z | x) || N(0, I));  stage 2: -ELBO of the codes

    Both stages are trained at the same time: the second on codes through which no gradient passes.

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: length of the code.
        stage_units: widths of the second stage's layers.
        **options: of its parts and networks, see `assemble`.

    Example:

    >>> two_stage_vae((8, 8, 1), 4, units=(32,)).sample(3, seed=0).shape
    (3, 8, 8, 1)

    Reference: Dai & Wipf, 2019, https://arxiv.org/abs/1903.05789
    """
    return assemble(
        "two_stage_vae",
        event_shape,
        latent_dim,
        options,
        objective=NLL() + StandardNormalKL() + PriorNLL(),
        prior={"name": "second_stage", "units": stage_units},
    )

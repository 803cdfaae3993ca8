"""The regularised autoencoder with a gradient penalty."""

from typing import Any

from keras_vae.models import Autoencoder
from keras_vae.objectives import NLL, CodeNorm, DecoderGradient
from keras_vae.zoo.assemble import assemble


def rae_gp(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    *,
    code_weight: float = 1e-2,
    gradient_weight: float = 1e-2,
    probes: int | None = 1,
    **options: Any,
) -> Autoencoder:
    """Regularised autoencoder whose decoder is kept smooth by a penalty on its gradient.

        loss = -log p(x | z) + code_weight * 1/2 |z|^2 + gradient_weight * |d E[x | z] / d z|^2_F

    It generates with a prior fitted after training: `model.with_prior(GaussianMixture.fit(codes))`.

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: length of the code.
        code_weight: weight of the squared length of the code.
        gradient_weight: weight of the penalty.
        probes: random directions that estimate the norm; None for the exact one.
        **options: of its parts and networks, see `assemble`.

    Example:

    >>> rae_gp((8, 8, 1), 4, units=(32,)).reconstruct(np.zeros((3, 8, 8, 1))).shape
    (3, 8, 8, 1)

    Reference: Ghosh et al., 2020, https://arxiv.org/abs/1903.12436
    """
    return assemble(
        "rae_gp",
        event_shape,
        latent_dim,
        options,
        objective=NLL() + code_weight * CodeNorm() + gradient_weight * DecoderGradient(probes=probes),
        posterior="deterministic",
        prior=None,
    )

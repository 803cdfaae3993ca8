"""The regularised autoencoder with weight decay."""

from typing import Any

from keras_vae.models import Autoencoder
from keras_vae.objectives import NLL, CodeNorm
from keras_vae.zoo.assemble import assemble


def rae_l2(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    *,
    code_weight: float = 1e-2,
    l2: float = 1e-4,
    **options: Any,
) -> Autoencoder:
    """Regularised autoencoder whose decoder is kept smooth by weight decay.

        loss = -log p(x | z) + code_weight * 1/2 |z|^2 + l2 * |decoder weights|^2

    It generates with a prior fitted after training: `model.with_prior(GaussianMixture.fit(codes))`.

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: length of the code.
        code_weight: weight of the squared length of the code.
        l2: weight decay of the decoder's kernels.
        **options: of its parts and networks, see `assemble`.

    Example:

    >>> rae_l2((8, 8, 1), 4, units=(32,)).reconstruct(np.zeros((3, 8, 8, 1))).shape
    (3, 8, 8, 1)

    Reference: Ghosh et al., 2020, https://arxiv.org/abs/1903.12436
    """
    options = {"decoder_l2": l2, **options}
    return assemble(
        "rae_l2",
        event_shape,
        latent_dim,
        options,
        objective=NLL() + code_weight * CodeNorm(),
        posterior="deterministic",
        prior=None,
    )

"""The Wasserstein autoencoder with a kernel distance."""

from typing import Any

from keras_vae.models import Autoencoder
from keras_vae.objectives import MMD, NLL
from keras_vae.zoo.assemble import assemble


def wae_mmd(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    *,
    penalty: float = 100.0,
    kernel: str = "imq",
    **options: Any,
) -> Autoencoder:
    """Wasserstein autoencoder: a deterministic code whose distribution is held to the prior by the MMD.

        loss = -log p(x | z) + penalty MMD^2(q(z), p(z)),  z = f(x)

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: length of the code.
        penalty: weight of the MMD.
        kernel: `"imq"` or `"rbf"`.
        **options: of its parts and networks, see `assemble`.

    Example:

    >>> wae_mmd((8, 8, 1), 4, units=(32,)).sample(3, seed=0).shape
    (3, 8, 8, 1)

    Reference: Tolstikhin et al., 2018, https://arxiv.org/abs/1711.01558
    """
    return assemble(
        "wae_mmd",
        event_shape,
        latent_dim,
        options,
        objective=NLL() + penalty * MMD(kernel),
        posterior="deterministic",
    )

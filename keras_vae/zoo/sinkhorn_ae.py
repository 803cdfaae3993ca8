"""The Sinkhorn autoencoder."""

from typing import Any

from keras_vae.models import Autoencoder
from keras_vae.objectives import NLL, Sinkhorn
from keras_vae.zoo.assemble import assemble


def sinkhorn_ae(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    *,
    penalty: float = 10.0,
    epsilon: float = 0.5,
    **options: Any,
) -> Autoencoder:
    """Autoencoder whose codes are held to the prior by entropic optimal transport.

        loss = -log p(x | z) + penalty S_epsilon(q(z), p(z)),  z = f(x)

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: length of the code.
        penalty: weight of the divergence.
        epsilon: entropic regularisation, in squared units of the code.
        **options: of its parts and networks, see `assemble`.

    Example:

    >>> sinkhorn_ae((8, 8, 1), 4, units=(32,)).sample(3, seed=0).shape
    (3, 8, 8, 1)

    Reference: Patrini et al., 2019, https://arxiv.org/abs/1810.01118
    """
    return assemble(
        "sinkhorn_ae",
        event_shape,
        latent_dim,
        options,
        objective=NLL() + penalty * Sinkhorn(epsilon),
        posterior="deterministic",
    )

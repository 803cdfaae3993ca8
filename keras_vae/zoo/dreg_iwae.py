"""The IWAE with a doubly reparameterised gradient."""

from typing import Any

from keras_vae.models import Autoencoder
from keras_vae.objectives import IWAE, DReG
from keras_vae.zoo.assemble import GENERATIVE, INFERENCE, assemble


def dreg_iwae(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    *,
    samples: int = 5,
    **options: Any,
) -> Autoencoder:
    """IWAE whose encoder learns by the doubly reparameterised gradient, which does not fade with more draws.

        decoder: IWAE_k;  encoder: d/dphi = sum_i w_i^2 d log(p/q)/dz_i dz_i/dphi

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: length of the code.
        samples: draws of z per example, k.
        **options: of its parts and networks, see `assemble`.

    Example:

    >>> dreg_iwae((8, 8, 1), 4, units=(32,)).sample(3, seed=0).shape
    (3, 8, 8, 1)

    Reference: Tucker et al., 2019, https://arxiv.org/abs/1810.04152
    """
    return assemble(
        "dreg_iwae",
        event_shape,
        latent_dim,
        options,
        objective=IWAE(samples).only(*GENERATIVE) + DReG(samples).only(*INFERENCE),
    )

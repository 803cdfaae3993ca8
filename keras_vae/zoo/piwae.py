"""The partially importance-weighted autoencoder."""

from typing import Any

from keras_vae.models import Autoencoder
from keras_vae.objectives import IWAE
from keras_vae.zoo.assemble import GENERATIVE, INFERENCE, assemble


def piwae(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    *,
    samples: int = 8,
    bounds: int = 8,
    **options: Any,
) -> Autoencoder:
    """The decoder learns from the tight bound of all draws, the encoder from the mean of several.

        decoder: IWAE of m k draws;  encoder: the mean of m IWAEs of k draws

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: length of the code.
        samples: draws in each of the encoder's bounds, k.
        bounds: number of these, m.
        **options: of its parts and networks, see `assemble`.

    Example:

    >>> piwae((8, 8, 1), 4, units=(32,)).sample(3, seed=0).shape
    (3, 8, 8, 1)

    Reference: Rainforth et al., 2018, https://arxiv.org/abs/1802.04537
    """
    tight = IWAE(samples * bounds).only(*GENERATIVE)
    loose = IWAE(samples, m=bounds, name="miwae").only(*INFERENCE)
    return assemble(
        "piwae",
        event_shape,
        latent_dim,
        options,
        objective=tight + loose,
    )

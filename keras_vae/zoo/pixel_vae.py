"""The VAE with an autoregressive decoder."""

from typing import Any

from keras_vae.models import Autoencoder
from keras_vae.objectives import KL, NLL
from keras_vae.zoo.assemble import assemble


def pixel_vae(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    *,
    base: str = "bernoulli",
    layers: int = 3,
    beta: float = 1.0,
    **options: Any,
) -> Autoencoder:
    """VAE whose decoder draws pixel after pixel, so that the code need not hold the texture.

        p(x | z) = prod_i p(x_i | x_<i, z)

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: length of the code.
        base: the likelihood of a pixel.
        layers: gated layers of the PixelCNN.
        beta: weight of the KL.
        **options: of its parts and networks, see `assemble`.

    Example:

    >>> pixel_vae((8, 8, 1), 4, layers=1, units=(32,)).sample(3, seed=0).shape
    (3, 8, 8, 1)

    Reference: Gulrajani et al., 2017, https://arxiv.org/abs/1611.05013
    """
    return assemble(
        "pixel_vae",
        event_shape,
        latent_dim,
        options,
        objective=NLL() + beta * KL(),
        likelihood={"name": "pixel_cnn", "base": base, "layers": layers},
    )

"""The VAE for values between 0 and 1."""

from typing import Any

from keras_vae.models import Autoencoder
from keras_vae.objectives import KL, NLL
from keras_vae.zoo.assemble import assemble


def continuous_bernoulli_vae(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    **options: Any,
) -> Autoencoder:
    """VAE whose likelihood is a proper density on [0, 1], unlike a Bernoulli on grey values.

        p(x | z) = C(lambda) lambda^x (1 - lambda)^(1 - x),  x in [0, 1]

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: length of the code.
        **options: of its parts and networks, see `assemble`.

    Example:

    >>> continuous_bernoulli_vae((8, 8, 1), 4, units=(32,)).sample(3, seed=0).shape
    (3, 8, 8, 1)

    Reference: Loaiza-Ganem & Cunningham, 2019, https://arxiv.org/abs/1907.06845
    """
    return assemble(
        "continuous_bernoulli_vae",
        event_shape,
        latent_dim,
        options,
        objective=NLL() + KL(),
        likelihood="continuous_bernoulli",
    )

"""The denoising variational autoencoder."""

from typing import Any

from keras_vae.models import Autoencoder
from keras_vae.objectives import KL, NLL
from keras_vae.zoo.assemble import assemble


def denoising_vae(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    *,
    amount: float = 0.3,
    noise: str = "gaussian",
    **options: Any,
) -> Autoencoder:
    """Variational autoencoder whose encoder sees a corrupted example in training.

        loss = -E_q(z|x + noise)[log p(x | z)] + KL(q(z | x + noise) || p(z))

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: length of the code.
        amount: strength of the noise: a standard deviation, or a probability.
        noise: `"gaussian"`, `"masking"` or `"salt_and_pepper"`.
        **options: of its parts and networks, see `assemble`.

    Example:

    >>> denoising_vae((8, 8, 1), 4, units=(32,)).sample(3, seed=0).shape
    (3, 8, 8, 1)

    Reference: Im et al., 2017, https://arxiv.org/abs/1511.06406
    """
    return assemble(
        "denoising_vae",
        event_shape,
        latent_dim,
        options,
        objective=NLL() + KL(),
        corruption={"name": noise, "amount": amount},
    )

"""The denoising autoencoder."""

from typing import Any

from keras_vae.models import Autoencoder
from keras_vae.objectives import NLL
from keras_vae.zoo.assemble import assemble


def denoising_ae(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    *,
    amount: float = 0.3,
    noise: str = "gaussian",
    **options: Any,
) -> Autoencoder:
    """Denoising autoencoder: the encoder sees a corrupted example, the decoder explains the clean one.

        loss = -log p(x | z),  z = f(x + noise)

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: length of the code.
        amount: strength of the noise: a standard deviation, or a probability.
        noise: `"gaussian"`, `"masking"` or `"salt_and_pepper"`.
        **options: of its parts and networks, see `assemble`.

    Example:

    >>> denoising_ae((8, 8, 1), 4, noise="masking", units=(32,)).reconstruct(np.zeros((3, 8, 8, 1))).shape
    (3, 8, 8, 1)

    Reference: Vincent et al., 2008, https://doi.org/10.1145/1390156.1390294
    """
    return assemble(
        "denoising_ae",
        event_shape,
        latent_dim,
        options,
        objective=NLL(),
        posterior="deterministic",
        prior=None,
        corruption={"name": noise, "amount": amount},
    )

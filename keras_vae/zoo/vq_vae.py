"""The VAE with a codebook."""

from typing import Any

from keras_vae.models import Autoencoder
from keras_vae.objectives import KL, NLL, CodebookLoss, Commitment
from keras_vae.zoo.assemble import assemble_discrete


def vq_vae(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    *,
    codebook_size: int = 128,
    embedding_dim: int = 16,
    commitment: float = 0.25,
    codebook_update: str = "ema",
    **options: Any,
) -> Autoencoder:
    """VAE with discrete codes from a codebook, and an autoregressive prior over them.

        loss = -log p(x | z) + commitment |f(x) - sg(z)|^2 - log p(k),  z the codebook's entries nearest to f(x)

    `latent_dim` is the number of codes with dense networks, and the length of an entry with spatial ones,
    which are taken for images of at least 16x16.

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: length of the code.
        codebook_size: number of entries of a codebook.
        embedding_dim: with dense networks: numbers of an entry.
        commitment: weight that keeps the encoder near its codes.
        codebook_update: `"ema"` or `"gradient"`.
        **options: of its parts and networks, see `assemble`.

    Example:

    >>> vq_vae((8, 8, 1), 4, units=(32,)).sample(3, seed=0).shape
    (3, 8, 8, 1)

    Reference: van den Oord, Vinyals & Kavukcuoglu, 2017, https://arxiv.org/abs/1711.00937
    """
    objective = NLL() + commitment * Commitment() + KL()
    if codebook_update == "gradient":
        objective = objective + CodebookLoss()
    quantizer = {"codebook_size": codebook_size, "levels": 1, "codebook_update": codebook_update}
    return assemble_discrete("vq_vae", event_shape, latent_dim, options, embedding_dim, quantizer, objective=objective)

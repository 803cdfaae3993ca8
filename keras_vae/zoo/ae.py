"""The plain autoencoder."""

from typing import Any

from keras_vae.models import Autoencoder
from keras_vae.objectives import NLL
from keras_vae.zoo.assemble import assemble


def ae(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    **options: Any,
) -> Autoencoder:
    """Plain autoencoder: a deterministic code and no prior, so it compresses but does not generate.

        loss = -log p(x | z),  z = f(x)

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: length of the code.
        **options: of its parts and networks, see `assemble`.

    Example:

    >>> ae((8, 8, 1), 4, units=(32,)).encode(np.zeros((2, 8, 8, 1))).mean().shape
    TensorShape([2, 4])

    Reference: Hinton & Salakhutdinov, 2006, https://doi.org/10.1126/science.1127647
    """
    return assemble(
        "ae",
        event_shape,
        latent_dim,
        options,
        objective=NLL(),
        posterior="deterministic",
        prior=None,
    )

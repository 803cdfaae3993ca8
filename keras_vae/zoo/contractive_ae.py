"""The contractive autoencoder."""

from typing import Any

from keras_vae.models import Autoencoder
from keras_vae.objectives import NLL, Contractive
from keras_vae.zoo.assemble import assemble


def contractive_ae(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    *,
    contraction: float = 0.1,
    probes: int | None = None,
    **options: Any,
) -> Autoencoder:
    """Contractive autoencoder: the code hardly moves when the example does.

        loss = -log p(x | z) + contraction * |d z / d x|^2_F

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: length of the code.
        contraction: weight of the penalty.
        probes: random directions that estimate the norm; None for the exact one.
        **options: of its parts and networks, see `assemble`.

    Example:

    >>> contractive_ae((8, 8, 1), 4, units=(32,)).reconstruct(np.zeros((3, 8, 8, 1))).shape
    (3, 8, 8, 1)

    Reference: Rifai et al., 2011, https://icml.cc/2011/papers/455_icmlpaper.pdf
    """
    return assemble(
        "contractive_ae",
        event_shape,
        latent_dim,
        options,
        objective=NLL() + contraction * Contractive(probes=probes),
        posterior="deterministic",
        prior=None,
    )

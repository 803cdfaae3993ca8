"""The plain autoencoder."""

from typing import Any

from keras_vae.distributions import Head
from keras_vae.models import Autoencoder
from keras_vae.networks import mirrored
from keras_vae.objectives import NLL


def ae(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    *,
    network: str = "auto",
    likelihood: str | Head = "bernoulli",
    seed: int | None = None,
    **options: Any,
) -> Autoencoder:
    """Plain autoencoder: a deterministic code and no prior, so it compresses but does not generate.

        loss = -log p(x | z),  z = f(x)

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: length of the code.
        network: `"auto"`, `"mlp"` or `"conv"`, see `networks.mirrored`.
        likelihood: p(x | z), a `Head` or its name; `Normal(event_shape, scale=1.0)` gives the squared error.
        seed: seed of all noise.
        **options: of the networks, such as `units`.

    Example:

    >>> ae((8, 8, 1), 4, units=(32,)).encode(np.zeros((2, 8, 8, 1))).mean().shape
    TensorShape([2, 4])

    Reference: Hinton & Salakhutdinov, 2006, https://doi.org/10.1126/science.1127647
    """
    encoder, decoder = mirrored(network, event_shape, latent_dim, **options)
    return Autoencoder(
        encoder,
        decoder,
        posterior="deterministic",
        likelihood=likelihood,
        prior=None,
        objective=NLL(),
        seed=seed,
        name="ae",
    )

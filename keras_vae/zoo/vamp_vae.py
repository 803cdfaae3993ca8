"""The VAE with a mixture of posteriors as prior."""

from typing import Any

from keras_vae.models import Autoencoder
from keras_vae.objectives import KL, NLL
from keras_vae.zoo.assemble import assemble, weight


def vamp_vae(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    *,
    components: int = 50,
    warmup_steps: int = 0,
    **options: Any,
) -> Autoencoder:
    """VAE whose prior is the mixture of its own posteriors at learned pseudo-inputs.

        p(z) = 1/K sum_k q(z | u_k)

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: length of the code.
        components: number of pseudo-inputs, K.
        warmup_steps: steps over which the weight of the KL rises to 1.
        **options: of its parts and networks, see `assemble`.

    Example:

    >>> vamp_vae((8, 8, 1), 4, units=(32,)).sample(3, seed=0).shape
    (3, 8, 8, 1)

    Reference: Tomczak & Welling, 2018, https://arxiv.org/abs/1705.07120
    """
    return assemble(
        "vamp_vae",
        event_shape,
        latent_dim,
        options,
        objective=NLL() + weight(1.0, warmup_steps) * KL(estimator="monte_carlo"),
        prior={"name": "vamp", "input_shape": event_shape, "components": components},
    )

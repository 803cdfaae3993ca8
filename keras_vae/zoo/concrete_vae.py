"""The VAE with relaxed categorical codes."""

from typing import Any

from keras.optimizers.schedules import LearningRateSchedule

from keras_vae.models import Autoencoder
from keras_vae.objectives import KL, NLL
from keras_vae.zoo.assemble import assemble


def concrete_vae(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    *,
    temperature: float | LearningRateSchedule = 0.5,
    prior_temperature: float = 0.5,
    **options: Any,
) -> Autoencoder:
    """VAE whose code is a relaxed choice among `latent_dim` categories.

        q(z | x) = Concrete(logits(x), temperature),  p(z) = Concrete(0, prior_temperature)

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: length of the code.
        temperature: of the posterior, or a schedule of the training batches so far.
        prior_temperature: of the prior.
        **options: of its parts and networks, see `assemble`.

    Example:

    >>> concrete_vae((8, 8, 1), 4, units=(32,)).sample(3, seed=0).shape
    (3, 8, 8, 1)

    References: Jang, Gu & Poole, 2017, https://arxiv.org/abs/1611.01144; Maddison, Mnih & Teh, 2017,
    https://arxiv.org/abs/1611.00712
    """
    return assemble(
        "concrete_vae",
        event_shape,
        latent_dim,
        options,
        objective=NLL() + KL(estimator="monte_carlo"),
        posterior={"name": "relaxed_categorical", "temperature": temperature},
        prior={"name": "relaxed_categorical", "temperature": prior_temperature},
    )

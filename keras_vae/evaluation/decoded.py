"""Latents -> examples that can be encoded again."""

from typing import Any

import numpy as np

from keras_vae.models import Autoencoder


def decoded(model: Autoencoder, z: Any, *, condition: Any = None, seed: Any = (0, 0)) -> np.ndarray:
    """Returns examples like data, `(N, *event_shape)`: E[x | z], or x ~ p(x | z) for tables and counts.

    The mean of a count is not a count, and the model would refuse to encode it.

    Args:
        model: the model.
        z: latents `(N, *latent_shape)`.
        condition: conditions, for a conditional model.
        seed: stateless seed of the draws, of shape `(2,)`.

    Example:

    >>> model = kv.zoo.count_vae((8,), 2, units=(4,), seed=0)
    >>> x = decoded(model, np.zeros((3, 2)))
    >>> bool((x == np.round(x)).all())
    True
    """
    likelihood = model.decode(z, condition=condition)
    if model.likelihood.default_draw == "mean":
        return likelihood.mean().numpy()
    return likelihood.sample(seed=seed).numpy()

"""Round trips of samples from the prior through decoder and encoder."""

from typing import Any, NamedTuple

import numpy as np

from keras_vae.checks import check_integer, check_seed
from keras_vae.evaluation.decoded import decoded
from keras_vae.models import Autoencoder
from keras_vae.random import as_seed, fold


class RoundTrip(NamedTuple):
    """Samples from the prior after decoding and encoding.

    Attributes:
        distance: |z' - z|, relative to the root mean square distance of the samples from their mean, `(n,)`.
        share: fraction of samples with a `distance` below one half.
        dimensions: number of dimensions that were compared.

    Example:

    >>> round_trip(kv.zoo.vae((8,), 2, units=(4,), seed=0), 50).distance.shape
    (50,)
    """

    distance: np.ndarray
    share: float
    dimensions: int


def round_trip(
    model: Autoencoder, n: int = 1000, *, condition: Any = None, active: np.ndarray | None = None, seed: int = 0
) -> RoundTrip:
    """Decodes and encodes samples z from the prior, z' = E[q(z | x)], and compares z' with z.

    x is E[x | z], or x ~ p(x | z) for tables and counts.

    If z' is far from z, the encoder does not recognise the decoded sample.

    Args:
        model: a model with a prior.
        n: number of samples.
        condition: conditions of the samples, for a conditional model.
        active: dimensions of the flattened latent to compare, `(D,)` booleans; inactive dimensions cannot return. None
            compares all.
        seed: seed of the samples.

    Raises:
        InvalidInputError: for a model without a prior.

    Example:

    >>> round_trip(kv.from_preset("vae_digits"), 200)._fields
    ('distance', 'share', 'dimensions')
    """
    z = model.prior_distribution().sample(check_integer("n", n), seed=as_seed(check_seed(seed))).numpy()
    examples = decoded(model, z, condition=condition, seed=fold(as_seed(seed), 1))
    again = model.encode(examples, condition=condition).mean().numpy()
    z, again = z.reshape(n, -1).astype("float64"), again.reshape(n, -1)
    if active is not None:
        z, again = z[:, active], again[:, active]
    if z.shape[1] == 0:
        return RoundTrip(np.full(n, np.inf), 0.0, 0)
    spread = np.sqrt(((z - z.mean(axis=0)) ** 2).sum(axis=1).mean())
    distance = np.sqrt(((again - z) ** 2).sum(axis=1)) / max(spread, np.finfo("float64").tiny)
    return RoundTrip(distance, float((distance < 0.5).mean()), z.shape[1])

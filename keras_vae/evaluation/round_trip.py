"""Prior draws through decoder and encoder: do they come back?"""

from typing import Any, NamedTuple

import numpy as np

from keras_vae.checks import check_integer, check_seed
from keras_vae.models import Autoencoder
from keras_vae.random import as_seed


class RoundTrip(NamedTuple):
    """Prior draws after decoding and encoding.

    Attributes:
        distance: |z' - z| over the root mean square distance of prior draws from their mean, `(n,)`.
        share: the part of draws that return near, with a `distance` below one half.
        dimensions: how many dimensions were compared.
    """

    distance: np.ndarray
    share: float
    dimensions: int


def round_trip(
    model: Autoencoder, n: int = 1000, *, condition: Any = None, active: np.ndarray | None = None, seed: int = 0
) -> RoundTrip:
    """Sends prior draws z through decoder and encoder, z' = E[q(z | E[x | z])]: do they come back?

    A draw that does not come back decodes to something that the encoder takes for another code, or for none.

    Args:
        model: a model with a prior.
        n: draws.
        condition: of each, for a conditional model.
        active: which dimensions of the flattened code to compare, `(D,)` booleans; those that carry nothing cannot come
            back. All when None.
        seed: of the draws.

    Raises:
        InvalidInputError: for a model without a prior.
    """
    z = model.prior_distribution().sample(check_integer("n", n), seed=as_seed(check_seed(seed))).numpy()
    examples = model.decode(z, condition=condition).mean()
    again = model.encode(examples, condition=condition).mean().numpy()
    z, again = z.reshape(n, -1).astype("float64"), again.reshape(n, -1)
    if active is not None:
        z, again = z[:, active], again[:, active]
    if z.shape[1] == 0:
        return RoundTrip(np.full(n, np.inf), 0.0, 0)
    spread = np.sqrt(((z - z.mean(axis=0)) ** 2).sum(axis=1).mean())
    distance = np.sqrt(((again - z) ** 2).sum(axis=1)) / max(spread, np.finfo("float64").tiny)
    return RoundTrip(distance, float((distance < 0.5).mean()), z.shape[1])

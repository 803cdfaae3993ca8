"""The latents of the points."""

from typing import NamedTuple

import numpy as np

from keras_vae.distributions import DiscretePosterior
from keras_vae.errors import InvalidInputError
from keras_vae.evaluation import codes_of, condition_of
from keras_vae.explorer.points import Points
from keras_vae.models import Autoencoder


class PointCodes(NamedTuple):
    """The latents of N points.

    Attributes:
        means: means of q(z | x), flattened, `(N, D)`.
        noise: root of the mean variance of q(z | x), `(D,)`; 1 for posteriors without a variance.
        indices: indices into the codebooks, `(N, positions * levels)` int32; None for continuous latents.
        condition: the condition of each point, `(N,)` or `(N, size)`; None for models without one.
    """

    means: np.ndarray
    noise: np.ndarray
    indices: np.ndarray | None
    condition: np.ndarray | None

    @property
    def scaled(self) -> np.ndarray:
        """The means in units of the noise: dimensions that the model does not use do not count in distances."""
        return self.means / self.noise


def encode_points(model: Autoencoder, points: Points) -> PointCodes:
    """Encodes the points.

    Raises:
        InvalidInputError: if latents are not finite.
    """
    condition = model.inferred_conditions(points.x, condition_of(model, points.y))
    if isinstance(model.posterior, DiscretePosterior):
        posterior = model.encode(points.x, condition=condition)
        means, indices = (part.numpy().reshape(len(points), -1) for part in (posterior.mean(), posterior.indices))
        found = PointCodes(means, np.ones(means.shape[1], "float32"), indices, condition)
    else:
        codes = codes_of(model, points.x, condition, what="Encoding the points", verbose=1)
        found = PointCodes(codes.means, codes.noise.astype("float32"), None, condition)
    if not np.isfinite(found.means).all():
        raise InvalidInputError(f"{model.name}: expected finite latents, got NaN or infinity; check its training.")
    return found

"""The latents of the points."""

from typing import NamedTuple

import numpy as np

from keras_vae.distributions import DiscretePosterior
from keras_vae.errors import InvalidInputError
from keras_vae.evaluation import condition_of
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
    posterior = model.encode(points.x, condition=condition)
    means = posterior.mean().numpy().reshape(len(points), -1)
    if not np.isfinite(means).all():
        raise InvalidInputError(f"{model.name}: expected finite latents, got NaN or infinity; check its training.")
    if isinstance(model.posterior, DiscretePosterior):
        indices = posterior.indices.numpy().reshape(len(points), -1)
        return PointCodes(means, np.ones(means.shape[1], "float32"), indices, condition)
    try:
        noise = np.sqrt(posterior.variance().numpy().reshape(len(points), -1).mean(axis=0))
    except NotImplementedError:  # a family without a variance
        noise = np.zeros(means.shape[1], "float32")
    return PointCodes(means, np.where(noise > 0, noise, 1.0).astype("float32"), None, condition)

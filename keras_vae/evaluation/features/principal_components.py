"""Principal components as features."""

from typing import Any

import numpy as np

from keras_vae.checks import check_integer, check_seed, is_image
from keras_vae.errors import InvalidInputError
from keras_vae.evaluation.arrays import as_examples, check_known, scaled
from keras_vae.evaluation.features.features import Features

FITTED = 10_000  # examples from which they are found


class PrincipalComponents(Features):
    """The projections of an example on the principal components of the data, see `fit`.

    Args:
        mean: mean of the examples, of shape `event_shape`.
        directions: orthonormal rows, `(components, D)`.

    Example:

    >>> PrincipalComponents.fit(kv.data.load("digits").test.x, components=16)(np.zeros((3, 8, 8, 1))).shape
    (3, 16)
    """

    def __init__(self, mean: np.ndarray, directions: np.ndarray):
        self.event_shape = mean.shape
        self.mean = mean.reshape(-1)
        self.directions = directions
        self.name = f"{len(directions)} principal components of the {'pixels' if is_image(mean.shape) else 'values'}"

    @classmethod
    def fit(cls, x: Any, components: int = 64, *, seed: int = 0) -> "PrincipalComponents":
        """Computes the principal components of `x`, or of 10,000 examples of it.

        Args:
            x: examples `(N, *event_shape)`, two or more.
            components: maximum number of components; fewer if the rank of the examples is lower.
            seed: seed of the selection of examples, and of the randomised solver for large examples.

        Raises:
            InvalidInputError: if there are fewer than two different examples, or if values are not finite numbers.

        Example:

        >>> features = PrincipalComponents.fit(np.random.default_rng(0).random((30, 8, 8, 1)), components=5)
        >>> features.name, features(np.zeros((2, 8, 8, 1))).shape
        ('5 principal components of the pixels', (2, 5))
        """
        from sklearn.decomposition import PCA

        part, seed = "principal components", check_seed(seed)
        x, components = as_examples(part, x), check_integer("components", components)
        rows = np.random.default_rng(seed).permutation(len(x))[:FITTED]
        flat = check_known(part, scaled(x[rows])).reshape(len(rows), -1)
        if (flat == flat[0]).all():
            raise InvalidInputError(f"{part}: expected two or more different examples, got {len(x)} equal; use more.")
        components = min(components, len(flat) - 1, flat.shape[1])
        fitted = PCA(components, copy=False, random_state=seed).fit(flat)
        varying = fitted.explained_variance_ > 1e-12 * fitted.explained_variance_[0]
        return cls(fitted.mean_.reshape(x.shape[1:]), fitted.components_[varying])

    def reconstruct(self, x: np.ndarray) -> np.ndarray:
        """Returns the reconstructions of examples from their components, float32 `(N, *event_shape)`.

        Args:
            x: examples `(N, *event_shape)`; uint8 is divided by 255.
        """
        flat = self.of_batch(scaled(x)) @ self.directions + self.mean
        return flat.reshape(x.shape).astype("float32")

    def of_batch(self, x: np.ndarray) -> np.ndarray:
        return (x.reshape(len(x), -1) - self.mean) @ self.directions.T

"""All sprites, as an array that draws images on demand."""

import numpy as np

from keras_vae.checks import check_integer
from keras_vae.data.factors import factors_of, index_of
from keras_vae.data.sprites.drawing import FACTORS, SIDE, render
from keras_vae.errors import InvalidInputError


class Sprites:
    """All 737,280 sprites, as an array that draws images on demand.

    Each index is one combination of the factors; the last factor varies fastest (see
    `keras_vae.data.factors.index_of`). The factors are those of dSprites, but dSprites is not required.

    Example:

    >>> sprites = Sprites()
    >>> len(sprites), sprites.shape
    (737280, (737280, 64, 64, 1))
    >>> indices = sprites.sample(5, seed=0)
    >>> sprites[indices].shape, sprites.factors_of(indices).shape
    ((5, 64, 64, 1), (5, 5))

    Reference: dSprites: Matthey et al., 2017, https://github.com/google-deepmind/dsprites-dataset
    """

    factor_names = tuple(FACTORS)
    factor_sizes = tuple(FACTORS.values())
    shape = (int(np.prod(factor_sizes)), SIDE, SIDE, 1)
    dtype = np.dtype(np.uint8)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, index: slice | np.ndarray) -> np.ndarray:
        """Returns the images at `index`, a slice or an array of indices."""
        return self.images(np.arange(len(self))[index] if isinstance(index, slice) else index)

    def images(self, indices: np.ndarray) -> np.ndarray:
        """Draws the images at `indices`, `(N,)`: uint8 `(N, 64, 64, 1)`, see `render`."""
        return render(self.factors_of(indices))

    def factors_of(self, indices: np.ndarray) -> np.ndarray:
        """Returns the factors at `indices`, `(N,)`: int64 `(N, 5)`."""
        return factors_of(indices, FACTORS)

    def index_of(self, factors: np.ndarray) -> np.ndarray:
        """Returns the indices of `factors`, `(N, 5)`: int64 `(N,)`."""
        return index_of(factors, FACTORS)

    def sample(self, n: int, seed: int = 0) -> np.ndarray:
        """Draws indices without replacement: int64 `(n,)`, a pure function of `n` and `seed`.

        Args:
            n: number of indices.
            seed: seed of the selection.

        Raises:
            InvalidInputError: if `n` is larger than the number of images.
        """
        if check_integer("n", n) > len(self):
            raise InvalidInputError(f"sprites: n must be at most {len(self)}, the number of images; got {n}.")
        return np.random.default_rng(check_integer("seed", seed, least=0)).choice(len(self), n, replace=False)

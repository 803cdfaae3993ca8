"""Reads a random subset of the sprites into memory."""

from keras_vae.data.parts import Parts
from keras_vae.data.split_dataset import Split
from keras_vae.data.sprites.array import Sprites
from keras_vae.data.sprites.drawing import SHAPES

SIZES = {"train": 50_000, "validation": 5_000, "test": 15_000}


def read_sprites(*, seed: int = 0, limit: int | None = None) -> Parts:
    """Draws 50,000 training, 5,000 validation and 15,000 test sprites, all with different factors.

    The labels are the shapes; the factors are `keras_vae.data.sprites.FACTORS`.

    Args:
        seed: seed of the random subset, 0 or more.
        limit: maximum number of examples in each split.

    Raises:
        InvalidInputError: if the seed is not an integer of 0 or more.

    Example:

    >>> parts = read_sprites(limit=10)
    >>> parts.train.x.shape, parts.train.factors.shape
    ((10, 64, 64, 1), (10, 5))
    """
    sprites, splits, start = Sprites(), {}, 0
    sample = sprites.sample(sum(SIZES.values()), seed)
    for part, size in SIZES.items():
        indices = sample[start : start + size][:limit]
        factors = sprites.factors_of(indices)
        splits[part] = Split(sprites.images(indices), factors[:, 0], factors)
        start += size
    return Parts(
        **splits,
        label_names=SHAPES,
        notes=(
            f"A random {sum(SIZES.values()):,} of all {len(sprites):,} sprites, which depends on the seed; for all "
            "sprites, use keras_vae.data.sprites.Sprites or tfds:sprites/full.",
        ),
        factor_names=sprites.factor_names,
        factor_sizes=sprites.factor_sizes,
    )

"""Lines, synthetic data to evaluate interpolation, since the angle of each line is known."""

import numpy as np

from keras_vae.checks import check_integer
from keras_vae.data.parts import Parts
from keras_vae.data.split_dataset import Split
from keras_vae.errors import InvalidInputError

SIDE, LENGTH = 32, 16
SIZES = {"train": 8_000, "validation": 1_000, "test": 1_000}
CHUNK = 1024


def render_lines(angles: np.ndarray) -> np.ndarray:
    """Draws a line of 16 pixels from the centre of each image, white on black with smooth edges.

        pixel = max(0, 1 - d),    d = distance of its centre from the line, in pixels

    Args:
        angles: `(N,)` in radians, counter-clockwise from the positive x-axis.

    Returns:
        float32 `(N, 32, 32, 1)` in [0, 1].

    Raises:
        InvalidInputError: if the angles are not finite numbers of shape `(N,)`.

    Example:

    >>> up, = render_lines([np.pi / 2])
    >>> up.shape, bool(up[:16].any()), bool(up[17:].any())
    ((32, 32, 1), True, False)

    Reference: Berthelot et al., 2019, section 4.1, https://arxiv.org/abs/1807.07543
    """
    angles = np.asarray(angles)
    if angles.ndim != 1 or angles.dtype.kind not in "iuf" or not np.isfinite(angles).all():
        raise InvalidInputError(
            f"angles: expected finite numbers of shape (N,), got {angles.dtype} of shape {angles.shape}; "
            "give one angle in radians for each line."
        )
    images = np.empty((len(angles), SIDE, SIDE, 1), np.float32)
    for start in range(0, len(angles), CHUNK):
        images[start : start + CHUNK, ..., 0] = _draw(angles[start : start + CHUNK])
    return images


def _draw(angles):
    offset = np.arange(SIDE, dtype=np.float32) - (SIDE - 1) / 2
    cos, sin = (f(angles).astype(np.float32)[:, np.newaxis, np.newaxis] for f in (np.cos, np.sin))
    right, up = offset, -offset[:, np.newaxis]
    along = right * cos + up * sin
    excess = along - np.clip(along, 0, LENGTH)
    return np.clip(1 - np.hypot(excess, up * cos - right * sin), 0, 1)


def nearest_lines(images: np.ndarray, *, count: int = 3600) -> tuple[np.ndarray, np.ndarray]:
    """Finds the line most similar to each image, among lines at evenly spaced angles.

        cosine distance = 1 - <image, line> / (|image| |line|)

    An image of zeros has distance 1 and angle 0.

    Args:
        images: `(N, 32, 32, 1)` or `(N, 32, 32)` finite numbers on any scale.
        count: number of candidate lines, at the angles 2 pi i / count.

    Returns:
        The angles, 0 to 2 pi radians, and the cosine distances, 0 to 2, both float64 `(N,)`.

    Raises:
        InvalidInputError: if the images are not finite numbers of that shape, or `count` is not a positive integer.

    Example:

    >>> angles, distances = nearest_lines(render_lines([0.0, 1.0]))
    >>> angles.round(2), distances.round(2)
    (array([0., 1.]), array([0., 0.]))

    Reference: Berthelot et al., 2019, section 4.1, https://arxiv.org/abs/1807.07543
    """
    images = np.asarray(images)
    if images.shape[1:] not in ((SIDE, SIDE, 1), (SIDE, SIDE)) or images.dtype.kind not in "biuf":
        raise InvalidInputError(
            f"images: expected numbers of shape (N, {SIDE}, {SIDE}, 1), got {images.dtype} of shape {images.shape}; "
            "use images like those of render_lines."
        )
    candidates = 2 * np.pi * np.arange(check_integer("count", count)) / count
    lines = _unit(render_lines(candidates))
    angles, distances = np.empty(len(images)), np.empty(len(images))
    for start in range(0, len(images), CHUNK):
        chunk = slice(start, start + CHUNK)
        similarity = _unit(images[chunk]) @ lines.T
        nearest = similarity.argmax(axis=1)
        angles[chunk] = candidates[nearest]
        distances[chunk] = 1 - np.take_along_axis(similarity, nearest[:, np.newaxis], axis=1)[:, 0]
    return angles, np.clip(distances, 0, 2)


def _unit(images):
    """Returns the images as float32 rows of norm 1; images of zeros remain zeros."""
    rows = images.reshape(len(images), SIDE * SIDE).astype(np.float64)
    if not np.isfinite(rows).all():
        raise InvalidInputError("images: expected finite numbers, got NaN or infinity; remove or replace them.")
    rows /= np.maximum(np.abs(rows).max(axis=1, keepdims=True, initial=0), np.finfo(np.float64).tiny)
    norm = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.divide(rows, norm, out=rows, where=norm > 0).astype(np.float32)


def read_lines(*, seed: int = 0, limit: int | None = None) -> Parts:
    """Draws 8,000 training, 1,000 validation and 1,000 test lines at angles uniform in [0, 2 pi), uint8 0..255.

    Args:
        seed: seed of the angles, 0 or more.
        limit: maximum number of examples in each split.

    Raises:
        InvalidInputError: if the seed is not an integer of 0 or more.

    Example:

    >>> read_lines(limit=10).train.x.shape
    (10, 32, 32, 1)
    """
    rng = np.random.default_rng(check_integer("seed", seed, least=0))
    angles = {part: rng.uniform(0, 2 * np.pi, size)[:limit] for part, size in SIZES.items()}
    parts = {part: Split(np.rint(255 * render_lines(values)).astype(np.uint8)) for part, values in angles.items()}
    return Parts(parts["train"], parts["validation"], parts["test"])

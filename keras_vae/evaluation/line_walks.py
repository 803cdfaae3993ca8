"""ACAI's lines task: interpolations between images of lines, whose correct result is known."""

from typing import NamedTuple

import numpy as np

from keras_vae.checks import check_integer, check_seed
from keras_vae.data.lines import nearest_lines, render_lines
from keras_vae.errors import InvalidInputError
from keras_vae.models import Autoencoder


class LineWalks(NamedTuple):
    """The similarity of interpolations between two lines to a line that rotates evenly.

    Attributes:
        mean_distance: mean cosine distance of the images to the nearest line; 0 if each image is a line.
        smoothness: excess of the largest rotation between two images over the mean, as a fraction of the total
            rotation; 0 if all are equal, 1 - 1/(S - 1) for one jump.

    Example:

    >>> LineWalks(mean_distance=0.01, smoothness=0.1).smoothness
    0.1
    """

    mean_distance: float
    smoothness: float


def line_walks(model: Autoencoder, *, pairs: int = 500, steps: int = 16, seed: int = 0) -> LineWalks:
    """Interpolates between random pairs of lines, with a model of `keras_vae.data.load("lines")`.

    Args:
        model: a model of 32x32 images with one channel, trained on the lines.
        pairs: number of pairs.
        steps: number of images per interpolation, including both ends, S.
        seed: seed of the pairs.

    Raises:
        InvalidInputError: for a model of other images, or for fewer than 3 steps.

    Example:

    >>> model = kv.zoo.vae((32, 32, 1), 2, network="mlp", units=(4,), seed=0)
    >>> line_walks(model, pairs=2, steps=3).mean_distance > 0.5  # an untrained model does not draw lines
    True

    Reference: Berthelot, Raffel, Roy & Goodfellow, 2019, section 4.1, https://arxiv.org/abs/1807.07543
    """
    if model.event_shape != (32, 32, 1):
        raise InvalidInputError(
            f"{model.name}: expected a model of images (32, 32, 1), trained on lines; got {model.event_shape}."
        )
    pairs, steps = check_integer("pairs", pairs), check_integer("steps", steps, least=3)
    ends = np.random.default_rng(check_seed(seed)).uniform(0, 2 * np.pi, (2, pairs))
    walks = model.interpolate(*map(render_lines, ends), steps=steps)
    angles, distances = nearest_lines(walks.reshape(-1, *model.event_shape))
    return walks_of(angles.reshape(pairs, steps), distances.reshape(pairs, steps))


def walks_of(angles: np.ndarray, distances: np.ndarray) -> LineWalks:
    """Computes `LineWalks` from the angles of the nearest lines, in radians, and their distances, `(P, S)` each.

    An interpolation may rotate in either direction. The smoothness excludes interpolations with equal ends.

    Example:

    >>> even = np.linspace(6.0, 7.0, 5)[None] % (2 * np.pi)
    >>> round(walks_of(even, np.zeros((1, 5))).smoothness, 6)
    0.0
    """
    turned = np.unwrap(angles, axis=1)
    whole = turned[:, -1] - turned[:, 0]
    moving = np.abs(whole) > 1e-6
    greatest = (np.diff(turned[moving], axis=1) * np.sign(whole[moving, None])).max(axis=1) / np.abs(whole[moving])
    excess = greatest - 1 / (angles.shape[1] - 1)
    return LineWalks(float(np.mean(distances)), float(excess.mean()) if moving.any() else 0.0)

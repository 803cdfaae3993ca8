"""The path length and the evenness of interpolations."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from keras_vae.checks import check_integer
from keras_vae.errors import InvalidInputError
from keras_vae.models import Autoencoder

Features = Callable[[np.ndarray], np.ndarray]


class PathLengths(NamedTuple):
    """Properties of P interpolations of S steps, in the units of the feature space.

    Attributes:
        steps: distances of successive examples, `(P, S)`.
        path_length: (S d)^2 averaged over steps and interpolations, which StyleGAN calls the perceptual path length;
            lower is smoother. Compare only values for the same data and features.
        unevenness: longest step / mean step, averaged over interpolations: 1 for equal steps, S for one jump.
        detour: path length / distance of the ends, averaged over interpolations; 1 for a straight line.

    Example:

    >>> straight = np.linspace(0.0, 1.0, 5)[None, :, None]  # one interpolation of five examples, on a line
    >>> lengths_of(straight).detour
    1.0
    """

    steps: np.ndarray
    path_length: float
    unevenness: float
    detour: float


def path_lengths(
    model: Autoencoder, start: Any, end: Any, *, features: Features, condition: Any = None, steps: int = 16
) -> PathLengths:
    """Measures interpolations on straight lines between the latents of pairs of examples.

    Args:
        model: a model whose latents can be interpolated.
        start: examples `(P, *event_shape)`.
        end: the same number of examples.
        features: `(N, *event_shape) -> (N, F)`, such as `PrincipalComponents.fit(x)`; distances are Euclidean there.
        condition: conditions of the pairs, for a conditional model.
        steps: number of steps, S.

    Raises:
        InvalidInputError: if the numbers of starts and ends differ, or if `steps` is below 2.

    Example:

    >>> model, x = kv.from_preset("vae_digits"), kv.data.load("digits").test.x
    >>> features = kv.evaluation.PrincipalComponents.fit(x, components=16)
    >>> path_lengths(model, x[:20], x[20:40], features=features)._fields
    ('steps', 'path_length', 'unevenness', 'detour')

    Reference: Karras, Laine & Aila, 2019, section 4.1, https://arxiv.org/abs/1812.04948
    """
    steps = check_integer("steps", steps, least=2)
    walks = model.interpolate(start, end, condition=condition, steps=steps + 1)
    return lengths_of(_featured(features, walks))


def lengths_of(walks: np.ndarray) -> PathLengths:
    """Computes `PathLengths` of interpolations in a feature space, `(P, S + 1, F)`.

    Example:

    >>> even = np.linspace(0, 1, 5)[None, :, None]
    >>> lengths_of(even).unevenness, lengths_of(even**2).detour, lengths_of(np.round(even)).unevenness
    (1.0, 1.0, 4.0)
    """
    walks = np.asarray(walks, "float64")
    if walks.ndim != 3 or walks.shape[1] < 3:
        raise InvalidInputError(f"walks: expected shape (P, S + 1, F) with S >= 2; got {walks.shape}.")
    steps = np.linalg.norm(np.diff(walks, axis=1), axis=-1)
    total, count = steps.sum(axis=1), steps.shape[1]
    chord = np.linalg.norm(walks[:, -1] - walks[:, 0], axis=-1)
    moving = total > 0
    return PathLengths(
        steps,
        path_length=float(np.mean((count * steps) ** 2)),
        unevenness=float(np.mean(steps[moving].max(axis=1) * count / total[moving])) if moving.any() else 1.0,
        detour=float(np.mean(total[chord > 0] / chord[chord > 0])) if (chord > 0).any() else 1.0,
    )


def _featured(features: Features, walks: np.ndarray) -> np.ndarray:
    pairs, points, *event = walks.shape
    return np.asarray(features(walks.reshape(-1, *event))).reshape(pairs, points, -1)

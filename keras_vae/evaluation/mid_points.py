"""The points half-way between codes: are they like data to the model?"""

from typing import Any, NamedTuple

import numpy as np

from keras_vae.errors import InvalidInputError
from keras_vae.models import Autoencoder


class MidPoints(NamedTuple):
    """What the model makes of the points half-way between the codes of two examples.

    Attributes:
        examples: their expected examples, `(P, *event_shape)`.
        error: the mean squared error of each when it is encoded and decoded once more, per element, `(P,)`.
        drift: the distance of each new code from the mid-point, over the mean distance between two codes, `(P,)`.
    """

    examples: np.ndarray
    error: np.ndarray
    drift: np.ndarray


def mid_points(model: Autoencoder, start: Any, end: Any, *, condition: Any = None) -> MidPoints:
    """Decodes the mid-points of pairs of codes, and sends them through the model again.

    Where the latent space is continuous, an example half-way is like data to the model: its error is that of data, and
    its code is where it came from.

    Args:
        model: any model whose codes can be interpolated.
        start: examples `(P, *event_shape)`.
        end: as many others.
        condition: of each pair, for a conditional model.

    Raises:
        InvalidInputError: for as many starts as there are no ends.
    """
    one, two = (model.encode(x, condition=condition).mean().numpy() for x in (start, end))
    if len(one) != len(two):
        raise InvalidInputError(f"mid_points: expected as many ends as starts, got {len(one)} and {len(two)}.")
    middle = (one + two) / 2
    examples = model.decode(middle, condition=condition).mean().numpy()
    again = model.encode(examples, condition=condition).mean().numpy()
    decoded = model.decode(again, condition=condition).mean().numpy()
    apart = np.sqrt(((one - two).reshape(len(one), -1) ** 2).sum(axis=1)).mean()
    away = np.sqrt(((again - middle).reshape(len(one), -1) ** 2).sum(axis=1))
    error = ((decoded - examples).reshape(len(one), -1) ** 2).mean(axis=1)
    return MidPoints(examples, error, away / apart if apart else np.zeros_like(away))

"""Mid-points between latents."""

from typing import Any, NamedTuple

import numpy as np

from keras_vae.errors import InvalidInputError
from keras_vae.evaluation.decoded import decoded
from keras_vae.models import Autoencoder


class MidPoints(NamedTuple):
    """The mid-points between the latents of two examples, after decoding and encoding.

    Attributes:
        examples: the decoded mid-points, `(P, *event_shape)`.
        error: mean squared error of their reconstruction, per element, `(P,)`.
        drift: distance of the latent of `examples` from the mid-point, relative to the mean distance of the ends,
            `(P,)`.

    Example:

    >>> x = np.zeros((3, 8), "float32")
    >>> mid_points(kv.zoo.vae((8,), 2, units=(4,), seed=0), x, x).examples.shape
    (3, 8)
    """

    examples: np.ndarray
    error: np.ndarray
    drift: np.ndarray


def mid_points(model: Autoencoder, start: Any, end: Any, *, condition: Any = None) -> MidPoints:
    """Decodes the mid-points between pairs of latents, and reconstructs the results.

    In a continuous latent space, the model reconstructs a decoded mid-point as well as data, and encoding it returns
    the mid-point. For tables and counts, the decoded mid-point is drawn from p(x | z).

    Args:
        model: a model whose latents can be interpolated.
        start: examples `(P, *event_shape)`.
        end: the same number of examples.
        condition: conditions of the pairs, for a conditional model.

    Raises:
        InvalidInputError: if the numbers of starts and ends differ.

    Example:

    >>> model, x = kv.from_preset("vae_digits"), kv.data.load("digits").test.x
    >>> mid_points(model, x[:50], x[50:100])._fields
    ('examples', 'error', 'drift')
    """
    one, two = (model.encode(x, condition=condition).mean().numpy() for x in (start, end))
    if len(one) != len(two):
        raise InvalidInputError(f"mid_points: expected as many ends as starts, got {len(one)} and {len(two)}.")
    middle = (one + two) / 2
    examples = decoded(model, middle, condition=condition)
    again = model.encode(examples, condition=condition).mean().numpy()
    reconstructed = model.decode(again, condition=condition).mean().numpy()
    apart = np.sqrt(((one - two).reshape(len(one), -1) ** 2).sum(axis=1)).mean()
    away = np.sqrt(((again - middle).reshape(len(one), -1) ** 2).sum(axis=1))
    error = ((reconstructed - examples).reshape(len(one), -1) ** 2).mean(axis=1)
    return MidPoints(examples, error, away / apart if apart else np.zeros_like(away))

"""Picks examples and labels for commands."""

import numpy as np
import tensorflow_probability as tfp

from keras_vae.data.lazy_array import LazyArray
from keras_vae.errors import InvalidInputError
from keras_vae.models import Autoencoder
from keras_vae.text import counted

tfd = tfp.distributions


def pick(x: np.ndarray | LazyArray, index: int) -> np.ndarray:
    """Returns the example at `index`."""
    if not 0 <= index < len(x):
        raise InvalidInputError(f"--example: expected an index from 0 to {len(x) - 1}; got {index}.")
    return x[index]


def pick_pairs(n: int, pairs: int | None, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns the indices of random pairs of different examples, out of `n`; by default of five, if there are."""
    pairs = pairs or max(1, min(5, n // 2))
    if 2 * pairs > n:
        raise InvalidInputError(f"--pairs: expected at most {n // 2}, for {counted(n, 'example')}; got {pairs}.")
    order = np.random.default_rng(seed).permutation(n)
    return order[:pairs], order[pairs : 2 * pairs]


def labels_to_draw(model: Autoencoder, n: int, label: int | None) -> np.ndarray | None:
    """Returns `n` labels for a conditional model: `label`, or each label in turn; None for other models."""
    if model.condition is None:
        if label is not None:
            raise InvalidInputError(f"--label: {model.name} takes no label; leave it out.")
        return None
    return np.arange(n) % model.condition.size if label is None else np.full(n, label)


def spread_of(posterior: tfd.Distribution) -> dict[str, np.ndarray]:
    """Returns the standard deviation of the latents, if the family has one."""
    try:
        return {"stddev": posterior.stddev().numpy()}
    except NotImplementedError:
        return {}

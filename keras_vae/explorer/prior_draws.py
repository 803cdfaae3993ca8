"""Latents from the prior, for seeds."""

from typing import Any

import numpy as np
import tensorflow as tf

from keras_vae.checks import MAX_SEED, check_integer, check_number
from keras_vae.distributions import DiscretePosterior
from keras_vae.explorer.arrays import as_array
from keras_vae.layers.sampling import draw_rows
from keras_vae.models import Autoencoder

MOST_DRAWS = 64
SEEDS, DRAWS = range(16), 16
"""The seeds of a page without a server, and the draws of each."""


class PriorDraws:
    """Draws latents z ~ p(z), those of the signature `generate` for the same seeds.

    Args:
        model: a model with a prior.

    Example:

    >>> draws = PriorDraws(zoo.vae((8,), 2, units=(4,)))
    >>> draws(seed=7, count=3)["z"]["shape"]
    [3, 2]
    """

    def __init__(self, model: Autoencoder):
        self.model = model
        self._draw = tf.function(self._latents, autograph=False, input_signature=[tf.TensorSpec((None, 2), tf.int32)])

    def __call__(self, seed: int, count: int) -> dict[str, Any]:
        """Returns the flattened latents `z` of the seeds (seed, 0), (seed, 1), ... and, of discrete ones, `indices`.

        Raises:
            InvalidInputError: if the seed or the number is out of range.
        """
        return self._described(self.latents(seed, count))

    def beforehand(self) -> tuple[np.ndarray, dict[str, Any]]:
        """Returns the latents of `SEEDS`, one after the other, and the same as JSON, with the number of `seeds`."""
        z = np.concatenate([self.latents(seed, DRAWS) for seed in SEEDS])
        return z, {"seeds": len(SEEDS), **self._described(z)}

    def _described(self, z: np.ndarray) -> dict[str, Any]:
        found = {"z": as_array(z)}
        posterior = self.model.posterior
        if isinstance(posterior, DiscretePosterior):
            indices, _ = posterior.quantize_vectors(tf.constant(z.reshape(-1, *self.model.latent_shape)))
            found["indices"] = as_array(indices.numpy().reshape(len(z), -1))
        return found

    def latents(self, seed: int, count: int) -> np.ndarray:
        """Returns the flattened latents of the seeds (seed, 0), (seed, 1), ..., float32 `(count, D)`."""
        seed = check_number("seed", seed, least=0, most=MAX_SEED, integer=True)
        count = check_number("count", check_integer("count", count), most=MOST_DRAWS, integer=True)
        z = self._draw(tf.constant(np.column_stack([np.full(count, seed), np.arange(count)]), tf.int32))
        return z.numpy().reshape(count, -1)

    def _latents(self, seeds):
        prior = self.model.prior_distribution()
        return draw_rows(lambda seed: prior.sample(seed=seed), seeds, prior)

"""Reparameterised sampling."""

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf
import tensorflow_probability as tfp

from keras_vae.random import as_seed
from keras_vae.serialization import Serializable, register

tfd = tfp.distributions


def draw_rows(draw: Callable, rows: Any, distribution: tfd.Distribution) -> tf.Tensor:
    """Calls `draw` on each of `rows`, such as seeds `(B, 2)`, and stacks the results, shape `(B, ...)`.

    `tf.map_fn` runs the draws one after the other. `tf.vectorized_map` runs them as one, but takes seconds to trace
    and slows the loops of rejection samplers down; it is used where a draw runs a network.

    Args:
        draw: takes one of the rows, returns a sample of the distribution.
        rows: tensors of the same length.
        distribution: the distribution that `draw` samples.
    """
    if getattr(distribution, "sample_runs_network", False):
        return tf.vectorized_map(draw, rows, warn=False)
    return tf.map_fn(draw, rows, fn_output_signature=distribution.dtype)


@register
class Sampling(Serializable, keras.layers.Layer):
    """Samples z from a reparameterised distribution, such as z = mu + sigma * eps for a normal.

    Gradients flow through the samples to the parameters of the distribution.

    Args:
        seed: seed of the generator of the layer, which is used if `call` gets no seed.

    Call arguments:
        distribution: a `tfd.Distribution` of batch shape `(B,)`.
        samples: number of samples per example, S.
        seed: None for new noise in every call; an int32 tensor of shape `(2,)` for noise that is a pure function of it;
            or a seed per example, of shape `(B, 2)`, for samples that do not depend on the rest of the batch.

    Returns:
        The samples, shape `(S, B, *event_shape)`.

    Example:

    >>> q = tfd.Independent(tfd.Normal(tf.zeros((3, 2)), 1.0), 1)
    >>> Sampling(seed=0)(distribution=q, samples=5).shape
    TensorShape([5, 3, 2])

    Reference: Kingma & Welling, 2014, https://arxiv.org/abs/1312.6114
    """

    def __init__(self, seed: int | None = None, **kwargs: Any):
        super().__init__(**kwargs)
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.built = True

    def call(self, *, distribution: tfd.Distribution, samples: int = 1, seed: tf.Tensor | None = None) -> tf.Tensor:
        seed = as_seed(self.next_seed() if seed is None else seed)
        if seed.shape.rank == 1:
            return distribution.sample(samples, seed=seed)  # (S, B, D)

        def draw(row_and_seed):
            row, seed = row_and_seed
            return distribution[row : row + 1].sample(samples, seed=seed)[:, 0]

        draws = draw_rows(draw, (tf.range(tf.shape(seed)[0]), seed), distribution)  # (B, S, D)
        return tf.experimental.numpy.swapaxes(draws, 0, 1)

    def next_seed(self) -> tf.Tensor:
        """Returns a new seed, int32 of shape `(2,)`."""
        return tf.cast(self.seed_generator.next(), tf.int32)

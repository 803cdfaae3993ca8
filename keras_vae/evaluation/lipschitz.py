"""The local Lipschitz constant of the decoder."""

from typing import Any

import numpy as np
import tensorflow as tf

from keras_vae.checks import check_integer, check_seed
from keras_vae.errors import InvalidInputError
from keras_vae.layers.compiled_method import compiled_for
from keras_vae.models import Autoencoder
from keras_vae.models.batched_methods import map_batches
from keras_vae.models.inputs import check_codes
from keras_vae.objectives.jacobian import jacobian_vector_product
from keras_vae.random import as_seed


def decoder_lipschitz(
    model: Autoencoder, z: Any, *, condition: Any = None, iterations: int = 30, batch_size: int = 256, seed: int = 0
) -> np.ndarray:
    """The largest singular value of the Jacobian d E[x | z] / d z of the decoder at each latent, `(N,)`.

    It is the local Lipschitz constant: the change of E[x | z], in the units of x, per unit step of z in the direction
    of the largest change. Power iteration on J^T J computes it with Jacobian-vector and vector-Jacobian products, and
    approaches it from below.

    Args:
        model: a model with real latents and a differentiable decoder.
        z: latents `(N, *latent_shape)`.
        condition: conditions of the latents, for a conditional model.
        iterations: number of power iterations.
        batch_size: number of latents in a batch.
        seed: seed of the initial directions.

    Raises:
        InvalidInputError: if the mean of the likelihood has no derivative, if the latents have another shape, or if an
            argument is out of range.

    Example:

    >>> model = zoo.vae((8, 8, 1), 2, units=(8,), seed=0)
    >>> decoder_lipschitz(model, np.zeros((3, 2))).shape
    (3,)

    Reference: Yoshida & Miyato, 2017, for the power method, https://arxiv.org/abs/1705.10941
    """
    if not model.likelihood.has_gradient_of_mean:
        raise InvalidInputError(
            f"{model.name}: the expected example of {type(model.likelihood).__name__} has no derivative by the code."
        )
    z = check_codes(z, model.latent_shape)
    condition = model.check_conditions(condition, len(z))
    iterations, seed = check_integer("iterations", iterations), as_seed(check_seed(seed))
    greatest, most = compiled_for(model, _greatest), tf.constant(iterations)
    return map_batches(
        lambda z, c: greatest(tf.convert_to_tensor(z), c, seed, most),
        check_integer("batch_size", batch_size),
        z,
        condition,
    ).numpy()


def _greatest(model, z, condition, seed, iterations):
    vector = None if condition is None else model.condition_of(condition)
    axes = list(range(1, z.shape.rank))

    def normalized(v):
        return v / tf.maximum(tf.sqrt(tf.reduce_sum(v**2, axis=axes, keepdims=True)), 1e-20)

    def mean_of(z):
        return model.likelihood_of(z, vector).mean()

    def improve(step, direction, _):
        change = jacobian_vector_product(mean_of, z, direction)
        with tf.GradientTape() as tape:
            tape.watch(z)
            mean = mean_of(z)
        direction = normalized(tape.gradient(mean, z, output_gradients=change))
        return step + 1, direction, tf.sqrt(tf.reduce_sum(tf.reshape(change, (tf.shape(z)[0], -1)) ** 2, axis=1))

    start = normalized(tf.random.stateless_normal(tf.shape(z), seed))
    first = (tf.constant(0), start, tf.zeros(tf.shape(z)[:1]))
    return tf.while_loop(lambda step, *_: step <= iterations, improve, first)[2]

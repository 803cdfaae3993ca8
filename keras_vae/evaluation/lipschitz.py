"""How fast the decoder changes: the greatest stretch of its Jacobian."""

from typing import Any

import numpy as np
import tensorflow as tf

from keras_vae.checks import check_integer, check_seed
from keras_vae.errors import InvalidInputError
from keras_vae.models import Autoencoder
from keras_vae.models.inputs import check_codes
from keras_vae.models.questions import in_batches
from keras_vae.random import as_seed


def decoder_lipschitz(
    model: Autoencoder, z: Any, *, condition: Any = None, iterations: int = 30, batch_size: int = 256, seed: int = 0
) -> np.ndarray:
    """The greatest singular value of the decoder's Jacobian d E[x | z] / d z at each code, `(N,)`.

    It is how far the expected example moves, in the units of x, for a small step of length 1 in the direction where
    it moves most: the local Lipschitz constant. It is found by power iteration on J^T J, a Jacobian-vector and a
    vector-Jacobian product at a time, and approached from below.

    Args:
        model: any model of real codes and a differentiable decoder.
        z: codes `(N, *latent_shape)`.
        condition: of each, for a conditional model.
        iterations: of the power method.
        batch_size: codes at a time.
        seed: of the directions it starts from.

    Raises:
        InvalidInputError: for a likelihood whose mean has no derivative, codes of another shape, or an argument out of
            range.

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
    axes = list(range(1, z.ndim))

    def normalized(v):
        return v / tf.maximum(tf.sqrt(tf.reduce_sum(v**2, axis=axes, keepdims=True)), 1e-20)

    @tf.function(autograph=False, reduce_retracing=True)
    def greatest(z, condition):
        vector = None if condition is None else model.condition_of(condition)

        def decode(z):
            return model.likelihood_of(z, vector).mean()

        def stretched(direction):
            with tf.autodiff.ForwardAccumulator(z, direction) as forward:
                mean = decode(z)
            return forward.jvp(mean)

        def pulled_back(change):
            with tf.GradientTape() as tape:
                tape.watch(z)
                mean = decode(z)
            return tape.gradient(mean, z, output_gradients=change)

        def improve(step, direction):
            return step + 1, normalized(pulled_back(stretched(direction)))

        start = normalized(tf.random.stateless_normal(tf.shape(z), seed))
        _, direction = tf.while_loop(lambda step, _: step < iterations, improve, (tf.constant(0), start))
        change = stretched(direction)
        return tf.sqrt(tf.reduce_sum(tf.reshape(change, (tf.shape(z)[0], -1)) ** 2, axis=1))

    return in_batches(
        lambda z, c: greatest(tf.convert_to_tensor(z), c), check_integer("batch_size", batch_size), z, condition
    ).numpy()

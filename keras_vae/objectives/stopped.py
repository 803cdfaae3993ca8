"""Distributions with constant parameters for the gradient."""

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

from keras_vae.errors import InvalidInputError
from keras_vae.trace import Trace

tfd = tfp.distributions

CONSTANTS = (type(None), bool, int, float, str, type, np.ndarray, np.generic, tf.DType, tf.TensorShape)


def stopped(distribution: tfd.Distribution) -> tfd.Distribution:
    """Returns the same distribution without a gradient to its parameters; gradients to its arguments remain.

    Args:
        distribution: a distribution of tensors, numbers, linear operators and other such distributions.

    Raises:
        InvalidInputError: if it contains anything else, such as a bijector or a network.

    Example:

    >>> loc = tf.Variable(1.0)
    >>> with tf.GradientTape() as tape:
    ...     log_density = stopped(tfd.Normal(loc, 1.0)).log_prob(3.0 * loc)
    >>> float(tape.gradient(log_density, loc))
    -6.0
    """
    return distribution.copy(
        **{name: _stopped(value, name, distribution) for name, value in distribution.parameters.items()}
    )


def with_stopped_posteriors(trace: Trace) -> Trace:
    """Returns the same trace, where log q(z | x) has a gradient only to z, without the score function of q.

    Raises:
        InvalidInputError: for a posterior that is not reparameterised, or that `stopped` does not support.
    """
    for latent in trace.latents:
        if latent.posterior.reparameterization_type != tfd.FULLY_REPARAMETERIZED:
            raise InvalidInputError(
                f"posterior: a gradient without the score needs reparameterised draws, {latent.posterior.name} has "
                "none; use IWAE(), or another posterior."
            )
    return trace.replace(
        latents=tuple(latent._replace(posterior=stopped(latent.posterior)) for latent in trace.latents)
    )


def _stopped(value: Any, name: str, owner: tfd.Distribution) -> Any:
    if isinstance(value, tfd.Distribution):
        return stopped(value)
    if isinstance(value, (tf.Tensor, tf.Variable, keras.Variable)):
        return tf.stop_gradient(tf.convert_to_tensor(value))
    if isinstance(value, tf.linalg.LinearOperator):
        return tf.nest.map_structure(tf.stop_gradient, value, expand_composites=True)
    if isinstance(value, Mapping):
        return {key: _stopped(inner, name, owner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)([_stopped(inner, name, owner) for inner in value])
    if isinstance(value, CONSTANTS):
        return value
    raise InvalidInputError(
        f"{owner.name}: its parameters cannot be held constant, because {name} is a {type(value).__name__}; "
        "expected tensors and distributions made of them; use IWAE(), or another posterior."
    )

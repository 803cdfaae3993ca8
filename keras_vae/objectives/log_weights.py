"""The importance weights of bounds on log p(x)."""

import tensorflow as tf

from keras_vae.trace import Trace


def log_weights(trace: Trace) -> tf.Tensor:
    """Returns log w = log p(x | z) + log p(z) - log q(z | x) for every sample z, in nats, shape `(S, B)`.

    The mean over S estimates the ELBO; log mean exp over S is the tighter importance-weighted bound.

    Args:
        trace: the trace of a batch of B examples with S samples each.

    Raises:
        InvalidInputError: if the model has no prior.

    Example:

    >>> trace = kv.zoo.vae((8,), 2, units=(4,)).trace(tf.zeros((3, 8)), seed=(0, 1), samples=5)
    >>> log_weights(trace).shape
    TensorShape([5, 3])

    Reference: Burda, Grosse & Salakhutdinov, 2016, https://arxiv.org/abs/1509.00519
    """
    return trace.log_likelihood - trace.log_ratio

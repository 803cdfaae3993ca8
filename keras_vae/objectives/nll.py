"""How badly the decoder explains the data."""

import tensorflow as tf

from keras_vae.objectives.objective import Term
from keras_vae.serialization import register
from keras_vae.trace import Trace


@register
class NLL(Term):
    """Negative log-likelihood, -E_q(z|x)[log p(x | z)], by the mean over the draws of z; nats per example.

    The reconstruction term of every model here: with a normal likelihood of fixed scale it is the squared
    error up to a constant, with a Bernoulli likelihood the cross-entropy.

    Example:

    >>> (NLL() + KL()).samples
    1

    Reference: Kingma & Welling, 2014, https://arxiv.org/abs/1312.6114
    """

    def __call__(self, trace: Trace) -> tf.Tensor:
        return -tf.reduce_mean(trace.log_likelihood, axis=0)

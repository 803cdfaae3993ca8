"""The negative log-likelihood."""

import tensorflow as tf

from keras_vae.objectives.objective import Term
from keras_vae.serialization import register
from keras_vae.trace import Trace


@register
class NLL(Term):
    """The negative log-likelihood, -E_q(z|x)[log p(x | z)], averaged over samples of z; nats per example.

    It is the reconstruction loss: up to a constant, the squared error for a normal likelihood of fixed scale; the
    cross-entropy for a Bernoulli likelihood.

    Example:

    >>> (NLL() + KL()).samples
    1

    Reference: Kingma & Welling, 2014, https://arxiv.org/abs/1312.6114
    """

    def __call__(self, trace: Trace) -> tf.Tensor:
        return -tf.reduce_mean(trace.log_likelihood, axis=0)

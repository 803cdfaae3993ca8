"""The encoder's gradient of the importance-weighted bound, with less noise."""

import math

import tensorflow as tf

from keras_vae.errors import InvalidInputError
from keras_vae.objectives.bound import Bound
from keras_vae.objectives.stopped import with_stopped_posteriors
from keras_vae.serialization import register
from keras_vae.trace import Trace


@register
class DReG(Bound):
    """The value of `IWAE(k)` with the doubly reparameterised gradient, for the encoder alone; nats per example.

        gradient = -sum_i (w_i / sum_j w_j)^2 (d log w_i / d z_i) (d z_i / d phi)

    It has the expectation of `IWAE`'s gradient with respect to the parameters phi of q, and a signal-to-noise ratio
    that rises with k instead of falling. It is wrong for all other parameters, so it trains only the encoder and the
    posterior; the other parts need an `IWAE` beside it, and the reported loss is the sum of both. The prior must not
    be made of posteriors, and the posterior must be made of tensors alone (no flow).

    Args:
        k: draws per example.
        name: see `Term`.

    Raises:
        InvalidInputError: if `k` is no integer >= 1; at the first step, for a posterior that it cannot use or more
            than one level of latent variables.

    Example:

    >>> print(IWAE(5).only("decoder", "likelihood", "prior") + DReG(5))
    iwae + dreg

    Reference: Tucker et al., 2019, https://arxiv.org/abs/1810.04152
    """

    trains = ("encoder", "posterior")

    needs_log_ratio = False  # but that of a stopped posterior

    def __init__(self, k: int = 5, *, name: str = "dreg"):
        super().__init__(k, name=name)

    def __call__(self, trace: Trace) -> tf.Tensor:
        if len(trace.latents) > 1:
            raise InvalidInputError(
                f"DReG: expected one level of latent variables, got {len(trace.latents)}; use IWAE() alone."
            )
        log_weights = self.log_weights(with_stopped_posteriors(trace))  # (K, B)
        bound = tf.reduce_logsumexp(log_weights, axis=0) - math.log(self.k)
        normalized = tf.stop_gradient(tf.nn.softmax(log_weights, axis=0))
        surrogate = tf.reduce_sum(normalized**2 * log_weights, axis=0)
        return -tf.stop_gradient(bound - surrogate) - surrogate

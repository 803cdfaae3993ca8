"""The doubly reparameterised gradient of the importance-weighted bound."""

import math

import tensorflow as tf

from keras_vae.errors import InvalidInputError
from keras_vae.objectives.bound import Bound
from keras_vae.objectives.stopped import with_stopped_posteriors
from keras_vae.serialization import register
from keras_vae.trace import Trace


@register
class DReG(Bound):
    """The value of `IWAE(k)` with the doubly reparameterised gradient, for the encoder only; nats per example.

        gradient = -sum_i (w_i / sum_j w_j)^2 (d log w_i / d z_i) (d z_i / d phi)

    For the parameters phi of q, its expectation is the gradient of `IWAE`, but its signal-to-noise ratio increases with
    k instead of decreasing. It is incorrect for all other parameters, so it trains only the encoder and the posterior.
    Add an `IWAE` for the other parts; the reported loss is the sum of both. The prior must not consist of posteriors,
    and the posterior must depend only on tensors (no flow).

    Args:
        k: number of samples per example.
        name: see `Term`.

    Raises:
        InvalidInputError: if `k` is not an integer >= 1; at the first step, for an unsupported posterior, or for
            several levels of latent variables.

    Example:

    >>> print(IWAE(5).only("decoder", "likelihood", "prior") + DReG(5))
    iwae + dreg

    Reference: Tucker et al., 2019, https://arxiv.org/abs/1810.04152
    """

    trains = ("encoder", "posterior")

    needs_log_ratio = False  # it uses the log-ratio of a stopped posterior

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

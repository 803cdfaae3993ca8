"""A penalty on the mean activation of latent units."""

import math

import tensorflow as tf

from keras_vae.checks import check_number
from keras_vae.objectives.objective import Term
from keras_vae.replicas import global_batch
from keras_vae.serialization import register
from keras_vae.trace import Trace


@register
class SparsityKL(Term):
    """The KL of the mean activation of each latent unit from a target rate, summed over units and levels; nats.

        sum_d KL(Bernoulli(rate) || Bernoulli(r_d)),  r_d = mean over batch and samples of sigmoid(z_d)

    It is a batch statistic with the same value for each example. Batches should contain many more than 1 / rate
    examples.

    Args:
        rate: target mean activation, in (0, 1).
        name: see `Term`.

    Raises:
        InvalidInputError: if `rate` is not in (0, 1).

    Example:

    >>> print(NLL() + 3.0 * SparsityKL(0.05))
    nll + 3 sparsity_kl

    Reference: Ng, 2011, Sparse autoencoder, https://web.stanford.edu/class/cs294a/sparseAutoencoder.pdf
    """

    across_batch = True

    def __init__(self, rate: float = 0.05, *, name: str | None = None):
        super().__init__(name)
        self.rate = check_number("SparsityKL: rate", rate, above=0, below=1)

    def __call__(self, trace: Trace) -> tf.Tensor:
        divergence = tf.add_n(
            [tf.reduce_sum(self._divergence(global_batch(latent.sample, axis=1))) for latent in trace.latents]
        )
        return tf.fill(tf.shape(trace.x)[:1], divergence)

    def _divergence(self, logits):
        """Returns the divergence of each unit, `(S, B, *event_shape) -> event_shape`; finite for any finite logits."""
        count = tf.math.log(tf.cast(tf.reduce_prod(tf.shape(logits)[:2]), logits.dtype))
        log_active = tf.reduce_logsumexp(tf.math.log_sigmoid(logits), axis=(0, 1)) - count
        log_silent = tf.reduce_logsumexp(tf.math.log_sigmoid(-logits), axis=(0, 1)) - count
        active, silent = self.rate, 1 - self.rate
        return active * (math.log(active) - log_active) + silent * (math.log(silent) - log_silent)

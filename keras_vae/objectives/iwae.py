"""The importance-weighted bound."""

import math

import tensorflow as tf

from keras_vae.checks import check_integer
from keras_vae.objectives.bound import Bound
from keras_vae.serialization import register
from keras_vae.trace import Trace


@register
class IWAE(Bound):
    """The negative importance-weighted bound, which is tighter than the ELBO; nats per example.

        -1/m sum_j log 1/k sum_i w_ij,  w_ij = p(x, z_ij) / q(z_ij | x),  z_ij ~ q(z | x)

    At k = 1, the bound is the ELBO with a Monte Carlo KL. It increases with k and converges to log p(x), but the
    gradient of the encoder becomes noisier. The mean over m bounds (MIWAE) reduces this noise. Combinations with other
    terms:

        CIWAE  b * NLL() + b * KL() + (1 - b) * IWAE(k)
        PIWAE  IWAE(k * m).only("decoder", "likelihood", "prior")
               + IWAE(k, m=m, name="miwae").only("encoder", "posterior")

    Args:
        k: number of samples per bound.
        m: number of bounds with independent samples. The term needs k * m samples per example.
        name: see `Term`.

    Raises:
        InvalidInputError: if `k` or `m` is not an integer >= 1.

    Example:

    >>> IWAE(5, m=8).samples
    40

    References: Burda, Grosse & Salakhutdinov, 2016, https://arxiv.org/abs/1509.00519; MIWAE, CIWAE and PIWAE:
    Rainforth et al., 2018, https://arxiv.org/abs/1802.04537
    """

    def __init__(self, k: int = 5, *, m: int = 1, name: str | None = None):
        super().__init__(k, name=name)
        self.m = check_integer("IWAE: samples m", m)

    @property
    def samples(self) -> int:
        """The number of samples per example that the term needs."""
        return self.k * self.m

    def __call__(self, trace: Trace) -> tf.Tensor:
        log_weights = self.log_weights(trace)
        groups = tf.reshape(log_weights, (self.m, self.k, tf.shape(log_weights)[1]))  # (M, K, B)
        return math.log(self.k) - tf.reduce_mean(tf.reduce_logsumexp(groups, axis=1), axis=0)

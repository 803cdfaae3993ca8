"""The ELBO with the sticking-the-landing gradient."""

import tensorflow as tf

from keras_vae.objectives.bound import Bound
from keras_vae.objectives.stopped import with_stopped_posteriors
from keras_vae.serialization import register
from keras_vae.trace import Trace


@register
class STL(Bound):
    """The negative ELBO from k samples, without the score function of q in the gradient; nats per example.

        -1/k sum_i (log p(x, z_i) - log q(z_i | x)),  z_i ~ q(z | x)

    The value and the expected gradient are those of `NLL() + KL(estimator="monte_carlo")`. The parameters of q are
    constant in log q(z | x), so that the variance of the gradient vanishes if q is the true posterior. The posterior
    must depend only on tensors (no flow).

    Args:
        k: number of samples per example.
        name: see `Term`.

    Raises:
        InvalidInputError: if `k` is not an integer >= 1; at the first step, for an unsupported posterior.

    Example:

    >>> STL().samples
    1

    Reference: Roeder, Wu & Duvenaud, 2017, https://arxiv.org/abs/1703.09194
    """

    needs_log_ratio = False  # it uses the log-ratio of a stopped posterior

    def __init__(self, k: int = 1, *, name: str | None = None):
        super().__init__(k, name=name)

    def __call__(self, trace: Trace) -> tf.Tensor:
        return -tf.reduce_mean(self.log_weights(with_stopped_posteriors(trace)), axis=0)

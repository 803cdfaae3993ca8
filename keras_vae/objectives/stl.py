"""The ELBO with a gradient that vanishes at the optimum."""

import tensorflow as tf

from keras_vae.objectives.bound import Bound
from keras_vae.objectives.stopped import with_stopped_posteriors
from keras_vae.serialization import register
from keras_vae.trace import Trace


@register
class STL(Bound):
    """The negative ELBO by k draws, without the score of q in its gradient; nats per example.

        -1/k sum_i (log p(x, z_i) - log q(z_i | x)),  z_i ~ q(z | x)

    Its value is that of `NLL() + KL(estimator="monte_carlo")`, and so is the expectation of its gradient; but the
    parameters of q are held constant in log q(z | x), so that the gradient's variance vanishes where q is the true
    posterior. The posterior must be made of tensors alone (no flow).

    Args:
        k: draws per example.
        name: see `Term`.

    Raises:
        InvalidInputError: if `k` is no integer >= 1; at the first step, for a posterior that it cannot use.

    Example:

    >>> STL().samples
    1

    Reference: Roeder, Wu & Duvenaud, 2017, https://arxiv.org/abs/1703.09194
    """

    needs_log_ratio = False  # but that of a stopped posterior

    def __init__(self, k: int = 1, *, name: str | None = None):
        super().__init__(k, name=name)

    def __call__(self, trace: Trace) -> tf.Tensor:
        return -tf.reduce_mean(self.log_weights(with_stopped_posteriors(trace)), axis=0)

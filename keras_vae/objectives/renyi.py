"""The variational Rényi bound."""

import math

import tensorflow as tf

from keras_vae.checks import is_number
from keras_vae.errors import InvalidInputError
from keras_vae.objectives.bound import Bound
from keras_vae.serialization import register
from keras_vae.trace import Trace


@register
class Renyi(Bound):
    """The negative variational Rényi bound of order alpha, from k samples; nats per example.

        -1/(1 - alpha) log 1/k sum_i w_i^(1 - alpha),  w_i = p(x, z_i) / q(z_i | x),  z_i ~ q(z | x)

    The bound decreases with alpha: alpha = -inf uses only the largest weight (VR-max), alpha = 0 is `IWAE`, and
    alpha -> 1 converges to the ELBO.

    Args:
        alpha: order of the bound, any number except 1; `float("-inf")` for VR-max.
        k: number of samples per example.
        name: see `Term`.

    Raises:
        InvalidInputError: if `alpha` is 1, +inf or not a number, or if `k` is not an integer >= 1.

    Example:

    >>> Renyi(0.5, k=10).samples
    10

    Reference: Li & Turner, 2016, https://arxiv.org/abs/1602.02311
    """

    def __init__(self, alpha: float = 0.5, *, k: int = 5, name: str | None = None):
        super().__init__(k, name=name)
        if not (is_number(alpha) and alpha < math.inf):
            raise InvalidInputError(f"Renyi: alpha must be a number below infinity; got {alpha!r}.")
        if alpha == 1:
            raise InvalidInputError("Renyi: alpha must not be 1, where the bound is the ELBO; use NLL() + KL().")
        self.alpha = alpha

    def __call__(self, trace: Trace) -> tf.Tensor:
        log_weights = self.log_weights(trace)
        if self.alpha == -math.inf:
            return -tf.reduce_max(log_weights, axis=0)
        order = 1.0 - self.alpha
        return (math.log(self.k) - tf.reduce_logsumexp(order * log_weights, axis=0)) / order

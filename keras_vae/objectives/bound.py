"""The base of bounds on log p(x): a number of draws and their importance weights."""

import tensorflow as tf

from keras_vae.checks import check_integer
from keras_vae.objectives.log_weights import log_weights
from keras_vae.objectives.objective import Term
from keras_vae.trace import Trace


class Bound(Term):
    """A negative bound on log p(x) that is made of the importance weights of k draws; nats per example.

    If another term needs more draws than this one, it takes the first.

    Args:
        k: draws z ~ q(z | x) per example.
        name: see `Term`.

    Raises:
        InvalidInputError: if `k` is no integer >= 1.
    """

    needs_density = True
    needs_log_ratio = True

    def __init__(self, k: int, *, name: str | None = None):
        super().__init__(name)
        self.k = check_integer(f"{type(self).__name__}: samples k", k)

    @property
    def samples(self) -> int:
        """How many draws per example it needs."""
        return self.k

    def log_weights(self, trace: Trace) -> tf.Tensor:
        """The log-weights of the draws that it needs, in nats, shape `(samples, B)`."""
        return tf.ensure_shape(log_weights(trace)[: self.samples], (self.samples, None))

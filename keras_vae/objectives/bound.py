"""The base class of bounds on log p(x) from importance weights."""

import tensorflow as tf

from keras_vae.checks import check_integer
from keras_vae.objectives.log_weights import log_weights
from keras_vae.objectives.objective import Term
from keras_vae.trace import Trace


class Bound(Term):
    """A negative bound on log p(x) from the importance weights of k samples; nats per example.

    If another term needs more samples, this term uses the first k.

    Args:
        k: number of samples z ~ q(z | x) per example.
        name: see `Term`.

    Raises:
        InvalidInputError: if `k` is not an integer >= 1.
    """

    needs_density = True
    needs_log_ratio = True

    def __init__(self, k: int, *, name: str | None = None):
        super().__init__(name)
        self.k = check_integer(f"{type(self).__name__}: samples k", k)

    @property
    def samples(self) -> int:
        """The number of samples per example that the term needs."""
        return self.k

    def log_weights(self, trace: Trace) -> tf.Tensor:
        """Returns the log-weights of the first `samples` samples, in nats, shape `(samples, B)`."""
        return tf.ensure_shape(log_weights(trace)[: self.samples], (self.samples, None))

"""Codes that change little with the input."""

import tensorflow as tf

from keras_vae.objectives.jacobian import check_probes, reverse_squared_norm
from keras_vae.objectives.objective import Term
from keras_vae.serialization import register
from keras_vae.trace import Trace


@register
class Contractive(Term):
    """The squared Frobenius norm of the encoder's Jacobian, |d E[z | x] / d x|^2, at each example.

    The exact norm costs a backward pass for each of the D dimensions of the code, one after the other; `probes`
    estimate it, without bias, by fewer. The unit is that of z^2 / x^2, not nats.

    The encoder must treat each example by itself (no batch normalisation). Through group normalisation the norm is
    exact, but its gradient is only nearly so, because `tf.nn.moments` has no exact second derivative. Recurrent
    encoders need `compile(jit_compile=False)`.

    Args:
        probes: None for the exact norm, or how many random projections of the code estimate it.
        name: see `Term`.

    Raises:
        InvalidInputError: if `probes` is neither None nor an integer >= 1.

    Example:

    >>> print(NLL() + 0.1 * Contractive())
    nll + 0.1 contractive

    References: Rifai et al., 2011, https://icml.cc/2011/papers/455_icmlpaper.pdf; probes: Hutchinson, 1989,
    https://doi.org/10.1080/03610918908812806
    """

    def __init__(self, *, probes: int | None = None, name: str | None = None):
        super().__init__(name)
        self.probes = check_probes("Contractive", probes)

    def __call__(self, trace: Trace) -> tf.Tensor:
        return reverse_squared_norm(
            lambda x: trace.encode(x).mean(), trace.x, probes=self.probes, seed=self.seed(trace)
        )

"""A penalty on the Jacobian of the encoder."""

import tensorflow as tf

from keras_vae.objectives.jacobian import check_probes, reverse_squared_norm
from keras_vae.objectives.objective import Term
from keras_vae.serialization import register
from keras_vae.trace import Trace


@register
class Contractive(Term):
    """The squared Frobenius norm of the Jacobian of the encoder, |d E[z | x] / d x|^2, at each example.

    The exact norm costs one backward pass for each of the D latent dimensions, in sequence. `probes` estimate it
    without bias in fewer passes. The unit is that of z^2 / x^2, not nats.

    The encoder must process examples independently (no batch normalisation). With group normalisation, the norm is
    exact but its gradient is approximate, because `tf.nn.moments` has no exact second derivative. Recurrent encoders
    need `compile(jit_compile=False)`.

    Args:
        probes: number of random projections of z that estimate the norm. None computes it exactly.
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

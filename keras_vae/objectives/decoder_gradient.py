"""A penalty on the Jacobian of the decoder."""

import tensorflow as tf

from keras_vae.objectives.jacobian import check_probes, forward_squared_norm
from keras_vae.objectives.objective import Term
from keras_vae.serialization import register
from keras_vae.trace import Trace


@register
class DecoderGradient(Term):
    """The squared Frobenius norm of the Jacobian of the decoder, |d E[x | z] / d z|^2, at the first sample z.

    The exact norm decodes one example for each of the D latent dimensions, in parallel. `probes` estimate it without
    bias from fewer examples. The unit is that of x^2 / z^2, not nats.

    The decoder must process latents independently (no batch normalisation). With group normalisation, the norm is exact
    but its gradient is approximate, because `tf.nn.moments` has no exact second derivative. Recurrent decoders need
    `compile(jit_compile=False)`.

    Args:
        probes: number of random directions in the latent space that estimate the norm. None computes it exactly.
        name: see `Term`.

    Raises:
        InvalidInputError: if `probes` is neither None nor an integer >= 1.

    Example:

    >>> print(NLL() + 1e-2 * CodeNorm() + 1e-4 * DecoderGradient(probes=4))
    nll + 0.01 code_norm + 0.0001 decoder_gradient

    References: Ghosh et al., 2020 (RAE-GP), https://arxiv.org/abs/1903.12436; probes: Hutchinson, 1989,
    https://doi.org/10.1080/03610918908812806
    """

    def __init__(self, *, probes: int | None = None, name: str | None = None):
        super().__init__(name)
        self.probes = check_probes("DecoderGradient", probes)

    def __call__(self, trace: Trace) -> tf.Tensor:
        z = tf.concat([latent.sample[0] for latent in trace.latents], axis=-1)  # (B, *latent_shape)
        return forward_squared_norm(lambda z: trace.decode(z).mean(), z, probes=self.probes, seed=self.seed(trace))

"""A penalty on the norm of the latents."""

import tensorflow as tf

from keras_vae.objectives.objective import Term
from keras_vae.serialization import register
from keras_vae.trace import Trace


@register
class CodeNorm(Term):
    """Half the squared norm of the latents, E_q(z|x)[1/2 |z|^2], averaged over samples and summed over levels.

    Up to a constant, it is the negative log-density of the latents under the standard normal prior, in nats per
    example. A regularised autoencoder (RAE), whose posterior is deterministic, uses it in place of the KL.

    Example:

    >>> print(NLL() + 1e-4 * CodeNorm())
    nll + 0.0001 code_norm

    Reference: Ghosh et al., 2020, https://arxiv.org/abs/1903.12436
    """

    def __call__(self, trace: Trace) -> tf.Tensor:
        squares = [latent.sample**2 for latent in trace.latents]  # (S, B, *latent_shape)
        sums = [tf.reduce_sum(square, axis=range(2, square.shape.rank)) for square in squares]
        return 0.5 * tf.reduce_mean(tf.add_n(sums), axis=0)

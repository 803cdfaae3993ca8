"""The losses of vector quantization: for the encoder, and for the codebook."""

import tensorflow as tf

from keras_vae.distributions.quantized import Quantized
from keras_vae.errors import InvalidInputError
from keras_vae.objectives.objective import Term
from keras_vae.serialization import register
from keras_vae.trace import Trace


@register
class Commitment(Term):
    """The commitment loss, which pulls the output f(x) of the encoder to the selected codebook entries e.

    It is the sum of |f(x) - sg(e)|^2 over positions and levels, where sg stops the gradient. The sum is per example, so
    it does not depend on the batch size. Its unit is that of the latent space, squared.

    Example:

    >>> print(NLL() + 0.25 * Commitment())
    nll + 0.25 commitment

    Reference: van den Oord, Vinyals & Kavukcuoglu, 2017, equation 3, https://arxiv.org/abs/1711.00937
    """

    def __call__(self, trace: Trace) -> tf.Tensor:
        return tf.add_n([_squares(vectors - tf.stop_gradient(entries)) for vectors, entries in _levels(trace, self)])


@register
class CodebookLoss(Term):
    """The codebook loss, which moves the selected codebook entries e to the output f(x) of the encoder.

    It is the sum of |sg(f(x)) - e|^2 over positions and levels, where sg stops the gradient, per example. Its unit is
    that of the latent space, squared. Use it for a `VectorQuantizer` with `codebook_update="gradient"`.

    Example:

    >>> print(NLL() + CodebookLoss() + 0.25 * Commitment())
    nll + codebook_loss + 0.25 commitment

    Reference: van den Oord, Vinyals & Kavukcuoglu, 2017, equation 3, https://arxiv.org/abs/1711.00937
    """

    def __call__(self, trace: Trace) -> tf.Tensor:
        return tf.add_n([_squares(tf.stop_gradient(vectors) - entries) for vectors, entries in _levels(trace, self)])


def _levels(trace: Trace, term: Term):
    posterior = trace.latents[0].posterior
    if not isinstance(posterior, Quantized):
        raise InvalidInputError(
            f"{type(term).__name__}: expected a posterior of discrete codes, such as VectorQuantizer, "
            f"got {posterior.name}; leave the term out."
        )
    return posterior.levels


def _squares(difference: tf.Tensor) -> tf.Tensor:
    return tf.reduce_sum(tf.reshape(difference**2, (tf.shape(difference)[0], -1)), axis=1)

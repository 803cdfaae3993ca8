"""An L1 penalty on the latents."""

import tensorflow as tf

from keras_vae.objectives.objective import Term
from keras_vae.serialization import register
from keras_vae.trace import Trace


@register
class L1Activity(Term):
    """The L1 norm of the latents, E_q(z|x)[sum_d |z_d|], averaged over samples and summed over levels.

    Up to a constant, it is the negative log-density of the latents under a Laplace prior of scale 1, in nats per
    example.

    Example:

    >>> print(NLL() + 0.1 * L1Activity())
    nll + 0.1 l1_activity

    Reference: Ng, 2011, Sparse autoencoder, https://web.stanford.edu/class/cs294a/sparseAutoencoder.pdf; the penalty:
    Olshausen & Field, 1996, https://doi.org/10.1038/381607a0
    """

    def __call__(self, trace: Trace) -> tf.Tensor:
        sizes = [tf.abs(latent.sample) for latent in trace.latents]  # (S, B, *latent_shape)
        sums = [tf.reduce_sum(size, axis=range(2, size.shape.rank)) for size in sizes]
        return tf.reduce_mean(tf.add_n(sums), axis=0)

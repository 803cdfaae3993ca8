"""The negative log-likelihood of the latents under the prior."""

import tensorflow as tf

from keras_vae.objectives.objective import Term
from keras_vae.serialization import register
from keras_vae.trace import Trace


@register
class PriorNLL(Term):
    """The negative log-likelihood of the latents under the prior, -log p(z), which trains only the prior; nats.

    Example:

    >>> PriorNLL().trains
    ('prior',)

    Reference: Dai & Wipf, 2019, https://arxiv.org/abs/1903.05789
    """

    needs_prior = True
    trains = ("prior",)

    def __call__(self, trace: Trace) -> tf.Tensor:
        return tf.add_n(
            [
                -tf.reduce_mean(latent.required_prior.log_prob(tf.stop_gradient(latent.sample)), axis=0)
                for latent in trace.latents
            ]
        )

"""The KL divergence from the standard normal distribution, for any prior."""

import tensorflow as tf
import tensorflow_probability as tfp

from keras_vae.errors import InvalidInputError
from keras_vae.objectives.objective import Term
from keras_vae.serialization import register
from keras_vae.trace import Trace

tfd = tfp.distributions


@register
class StandardNormalKL(Term):
    """The KL divergence KL(q(z | x) || N(0, I)), independent of the prior of the model; nats.

    Example:

    >>> print(NLL() + StandardNormalKL() + PriorNLL())
    nll + standard_normal_kl + prior_nll

    Reference: Dai & Wipf, 2019, https://arxiv.org/abs/1903.05789
    """

    needs_density = True
    trains = ("encoder", "posterior")

    def __call__(self, trace: Trace) -> tf.Tensor:
        (latent,) = trace.latents
        standard = tfd.Normal(tf.zeros(latent.posterior.event_shape), 1.0)
        standard = tfd.Independent(standard, len(latent.posterior.event_shape))
        try:
            return tfd.kl_divergence(latent.posterior, standard)
        except NotImplementedError as error:
            raise InvalidInputError(
                f"{self.name}: it has no closed form for {latent.posterior.name}; choose a normal posterior."
            ) from error

"""The role of a distribution behind an encoder."""

import keras
import tensorflow as tf
import tensorflow_probability as tfp

from keras_vae.distributions.distribution_layer import DistributionLayer
from keras_vae.trace import Latent

tfd = tfp.distributions


class Posterior(DistributionLayer):
    """q(z | x): from the features of an encoder to a distribution over latent variables.

    A family of one level, whose decoder sees z itself, overrides nothing of this class but `support` where its events
    are not all real vectors. See `DistributionLayer` for the parameters and the distribution; `Ladder` for several
    levels; `DiscretePosterior` for discrete codes.

    Example:

    >>> posterior = Normal((2,))
    >>> isinstance(posterior, Posterior), posterior.support, posterior.prior_shape
    (True, 'real', (2,))

    Reference: Kingma & Welling, 2014, https://arxiv.org/abs/1312.6114
    """

    support = "real"
    """The set that events are from, which a prior must share: `"real"`, `"sphere"`, `"simplex"`, `"codes"`, ..."""

    has_density = True
    """Whether `log_prob` is a density, so that a KL divergence exists."""

    @property
    def prior_shape(self) -> tuple[int, ...]:
        """The event shape that the prior must have."""
        return self.event_shape

    def latent_prior(self, prior: tfd.Distribution) -> tfd.Distribution:
        """p(z) over codes `(*event_shape)`, from the `prior` over events of `prior_shape`."""
        return prior

    def check_prior(self, prior: keras.layers.Layer) -> None:
        """Raises `InvalidInputError` if `prior`, a `Prior`, does not fit beyond its event shape and support."""

    @property
    def decoder_input_shape(self) -> tuple[int, ...]:
        """The shape of one input of the decoder, see `decoder_input`."""
        return self.event_shape

    def decoder_input(self, z: tf.Tensor) -> tf.Tensor:
        """The input of a decoder for codes `(N, *event_shape)`; the codes by default."""
        return z

    def latents(self, posterior: tfd.Distribution, prior: tfd.Distribution | None, z: tf.Tensor) -> tuple[Latent, ...]:
        """The levels of latent variables, top first; one by default."""
        return (Latent(posterior, prior, z),)

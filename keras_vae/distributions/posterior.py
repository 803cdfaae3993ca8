"""The base class of posteriors."""

import keras
import tensorflow as tf
import tensorflow_probability as tfp

from keras_vae.distributions.distribution_layer import DistributionLayer
from keras_vae.trace import Latent

tfd = tfp.distributions


class Posterior(DistributionLayer):
    """The base class of posteriors q(z | x): maps the features of an encoder to a distribution over latents.

    A family with one level, where z is the input of the decoder, overrides only `support`, and only if its support is
    not all real vectors. See `DistributionLayer` for the parameters and the distribution, `Ladder` for several levels,
    and `DiscretePosterior` for discrete codes.

    Example:

    >>> posterior = Normal((2,))
    >>> isinstance(posterior, Posterior), posterior.support, posterior.prior_shape
    (True, 'real', (2,))

    Reference: Kingma & Welling, 2014, https://arxiv.org/abs/1312.6114
    """

    support = "real"
    """The support of the posterior, which the prior must share: `"real"`, `"sphere"`, `"simplex"`, `"codes"`, ..."""

    has_density = True
    """Whether `log_prob` is a density, so that a KL divergence exists."""

    @property
    def prior_shape(self) -> tuple[int, ...]:
        """The required event shape of the prior."""
        return self.event_shape

    def latent_prior(self, prior: tfd.Distribution) -> tfd.Distribution:
        """Returns p(z) over latents `(*event_shape)`, from the `prior` over events of `prior_shape`."""
        return prior

    def check_prior(self, prior: keras.layers.Layer) -> None:
        """Raises `InvalidInputError` if a `Prior` does not match, apart from its event shape and support."""

    @property
    def decoder_input_shape(self) -> tuple[int, ...]:
        """The input shape of the decoder, see `decoder_input`."""
        return self.event_shape

    def decoder_input(self, z: tf.Tensor) -> tf.Tensor:
        """Returns the input of the decoder for latents `(N, *event_shape)`; by default, the latents."""
        return z

    def decoder_input_of(self, posterior: tfd.Distribution, z: tf.Tensor) -> tf.Tensor:
        """The input of the decoder `(N, *decoder_input_shape)` for samples `(..., *event_shape)` of a `posterior`.

        Override it if the posterior has computed the input for its samples; by default, it is their `decoder_input`.
        """
        return self.decoder_input(tf.reshape(z, (-1, *self.event_shape)))

    def latents(self, posterior: tfd.Distribution, prior: tfd.Distribution | None, z: tf.Tensor) -> tuple[Latent, ...]:
        """Returns the levels of latent variables of samples z, `(S, B, *event_shape)`, top first; by default, one."""
        return (Latent(posterior, prior, z),)

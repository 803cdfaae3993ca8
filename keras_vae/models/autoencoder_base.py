"""The attributes and methods of `Autoencoder` that its parent classes use."""

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf
import tensorflow_probability as tfp

from keras_vae.distributions import Likelihood, Posterior
from keras_vae.layers import Condition, Corruption, Sampling
from keras_vae.models.report import Report
from keras_vae.objectives import Objective
from keras_vae.priors import Prior
from keras_vae.trace import Trace

tfd = tfp.distributions


class AutoencoderBase(keras.Model):
    """The parts of an `Autoencoder` and its forward pass.

    `Autoencoder` sets these attributes in its constructor, overrides the methods, and documents both.
    """

    encoder: keras.Model
    decoder: keras.Model
    posterior: Posterior
    likelihood: Likelihood
    prior: Prior | None
    objective: Objective
    condition: Condition | None
    corruption: Corruption | None
    augmentation: keras.layers.Layer | None
    seed: int
    data_range: tuple[float, float] | None
    sampling: Sampling
    step: keras.Variable
    report: Report
    event_shape: tuple[int, ...]
    latent_shape: tuple[int, ...]
    kl_estimator: str
    computed_once: tuple[str, ...]

    @property
    def has_density(self) -> bool:
        """See `Autoencoder`."""
        raise NotImplementedError

    def prepare(self, x: Any) -> tf.Tensor:
        """See `Autoencoder`."""
        raise NotImplementedError

    def posterior_parameters(
        self, x: Any, condition: tf.Tensor | None = None, *, training: bool = False
    ) -> dict[str, tf.Tensor]:
        """See `Autoencoder`."""
        raise NotImplementedError

    def likelihood_parameters(
        self,
        z: tf.Tensor,
        condition: tf.Tensor | None = None,
        *,
        training: bool = False,
        decoder_input: tf.Tensor | None = None,
    ) -> dict[str, tf.Tensor]:
        """See `Autoencoder`."""
        raise NotImplementedError

    def prior_distribution(self) -> tfd.Distribution:
        """See `Autoencoder`."""
        raise NotImplementedError

    def trace(
        self,
        x: Any,
        *,
        seed: tf.Tensor,
        samples: int = 1,
        training: bool = False,
        step: tf.Tensor | int = 0,
        extras: Mapping[str, tf.Tensor] | None = None,
    ) -> Trace:
        """See `Autoencoder`."""
        raise NotImplementedError

    def elbo_terms(self, trace: Trace) -> dict[str, tf.Tensor]:
        """See `Autoencoder`."""
        raise NotImplementedError

    def gradients(self, data: Any, seed: tf.Tensor, examples: tf.Tensor | None = None) -> tuple[list, dict, dict]:
        """See `Autoencoder`."""
        raise NotImplementedError

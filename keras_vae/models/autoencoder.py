"""The model: four independent choices around two networks, and the one train step."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

from keras_vae.checks import check_seed
from keras_vae.distributions import LIKELIHOODS, POSTERIORS, Head
from keras_vae.errors import InvalidInputError
from keras_vae.layers import Sampling
from keras_vae.models.inference import Inference
from keras_vae.models.training import Training
from keras_vae.networks.network import features_shape_of, input_shape_of
from keras_vae.objectives import KL, Objective, Term
from keras_vae.priors import PRIORS, Prior
from keras_vae.serialization import get_over, register
from keras_vae.trace import Latent, Trace

tfd = tfp.distributions


@register
class Autoencoder(Training, Inference, keras.Model):
    """A generative autoencoder: an objective over a posterior, a likelihood and a prior.

    It trains with `fit`, reports `loss`, and `elbo`, `nll` and `kl` (unweighted, so that they compare across
    objectives) in nats per example, and saves to `.keras` with its optimizer. Data of dtype uint8 means 0..255
    and is divided by 255; other data are taken as they are.

    Args:
        encoder: a Keras model of one input of known shape, from examples to features; `features -> posterior`
            is the posterior head's affair.
        decoder: a Keras model of known input shape `latent_shape`, from codes to features.
        posterior: q(z | x), a `Head` over `latent_shape` or its name: `"normal"`, `"deterministic"`.
        likelihood: p(x | z), a `Head` over the event shape or its name: `"bernoulli"`, `"normal"`.
        prior: p(z), a `Prior`, its name, or None for a model that does not generate.
        objective: what `fit` minimises; a `Term` or a sum of them, such as `NLL() + 4.0 * KL()`.
        seed: seed of all noise; drawn when None.

    Raises:
        InvalidInputError: if the parts do not fit together.

    Example:

    >>> encoder, decoder = mirrored("mlp", (8, 8, 1), 4, units=(32,))
    >>> model = Autoencoder(encoder, decoder, likelihood="bernoulli", objective=NLL() + 4.0 * KL())
    >>> model.compile("adam")
    >>> history = model.fit(np.zeros((16, 8, 8, 1), "uint8"), verbose=0)
    >>> sorted(history.history)
    ['elbo', 'kl', 'loss', 'nll']

    Reference: Kingma & Welling, 2014, https://arxiv.org/abs/1312.6114
    """

    def __init__(
        self,
        encoder: keras.Model,
        decoder: keras.Model,
        *,
        posterior: str | Head = "normal",
        likelihood: str | Head = "bernoulli",
        prior: str | Prior | None = "standard_normal",
        objective: Term | Objective,
        seed: int | None = None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.event_shape = input_shape_of(encoder, part="encoder")
        self.latent_shape = input_shape_of(decoder, part="decoder")
        self.encoder = encoder
        self.decoder = decoder
        self.posterior = get_over(posterior, POSTERIORS, Head, self.latent_shape, part="posterior")
        self.likelihood = get_over(likelihood, LIKELIHOODS, Head, self.event_shape, part="likelihood")
        self.prior = None if prior is None else get_over(prior, PRIORS, Prior, self.latent_shape, part="prior")
        self.objective = Objective([(1.0, objective)]) if isinstance(objective, Term) else objective
        self._check_objective()
        self.seed = int(np.random.randint(2**31 - 1)) if seed is None else check_seed(seed)
        self.sampling = Sampling(self.seed, name="sampling")
        if not self.posterior.built:
            self.posterior.build(features_shape_of(encoder, self.event_shape, part="encoder"))
        if not self.likelihood.built:
            self.likelihood.build(features_shape_of(decoder, self.latent_shape, part="decoder"))
        self._kl = next((term for term in self.objective.terms if isinstance(term, KL)), KL())
        names = ["elbo", "nll", "kl"] if self.has_density else ["nll"]
        names += [term.name for term in self.objective.terms if term.name not in names]
        self._trackers = {name: keras.metrics.Mean(name=name) for name in ["loss", *names]}
        self._xla_inside_step = False
        self.built = True

    def _check_objective(self):
        if not isinstance(self.objective, Objective):
            raise InvalidInputError(
                f"objective: expected a sum of terms, such as NLL() + KL(); got {self.objective!r}."
            )
        for term in self.objective.terms:
            if term.needs_density and not self.has_density:
                lacking = "a prior" if self.posterior.has_density else "a posterior with a density, such as 'normal'"
                raise InvalidInputError(
                    f"objective: {term.name!r} needs {lacking}; got posterior {type(self.posterior).__name__} and "
                    f"prior {type(self.prior).__name__}. Leave the term out or change that part."
                )

    @property
    def has_density(self) -> bool:
        """Whether q(z | x) and p(z) have densities, so that an ELBO exists."""
        return self.posterior.has_density and self.prior is not None

    def prepare(self, x: tf.Tensor) -> tf.Tensor:
        """`x` in float32; uint8 is divided by 255."""
        x = tf.convert_to_tensor(x)
        return tf.cast(x, tf.float32) / 255.0 if x.dtype == tf.uint8 else tf.cast(x, tf.float32)

    def posterior_of(self, x: tf.Tensor, *, training: bool = False) -> tfd.Distribution:
        """q(z | x) for a batch `(B, *event_shape)`."""
        return self.posterior.distribution(self.posterior(self.encoder(self.prepare(x), training=training)))

    def likelihood_of(self, z: tf.Tensor, *, training: bool = False) -> tfd.Distribution:
        """p(x | z) for codes `(..., *latent_shape)`; batch shape `(...)`."""
        batch = tf.shape(z)[: -len(self.latent_shape)]
        parameters = self.likelihood(self.decoder(tf.reshape(z, (-1, *self.latent_shape)), training=training))
        parameters = {
            name: tf.reshape(value, tf.concat([batch, tf.shape(value)[1:]], axis=0))
            for name, value in parameters.items()
        }
        return self.likelihood.distribution(parameters)

    def prior_distribution(self) -> tfd.Distribution:
        """p(z), built afresh."""
        if self.prior is None:
            raise InvalidInputError(f"{self.name}: it has no prior to draw codes from; give it one, or use a VAE.")
        return self.prior.distribution(self.posterior_of)

    def trace(
        self,
        x: tf.Tensor,
        *,
        seed: tf.Tensor,
        samples: int = 1,
        training: bool = False,
        step: tf.Tensor | int = 0,
        extras: dict[str, tf.Tensor] | None = None,
    ) -> Trace:
        """One forward pass: the hook that a model with another structure overrides, and the only one.

        Args:
            x: a batch `(B, *event_shape)`.
            seed: of the noise, int32 of shape `(2,)`, or `(B, 2)` for a seed per example.
            samples: draws of z per example, S.
            training: passed to the networks.
            step: optimizer steps so far.
            extras: what else the batch carries.
        """
        x = self.prepare(x)
        posterior = self.posterior_of(x, training=training)
        z = self.sampling(distribution=posterior, samples=samples, seed=seed)  # (S, B, *latent_shape)
        return Trace(
            x=x,
            latents=(Latent(posterior, None if self.prior is None else self.prior_distribution(), z),),
            likelihood=self.likelihood_of(z, training=training),
            step=tf.convert_to_tensor(step),
            seed=seed,
            encode=self.posterior_of,
            decode=self.likelihood_of,
            extras=extras or {},
        )

    def call(self, x, training=False):
        """The expected reconstruction E[x | z] at the posterior mean z, shape `(B, *event_shape)`."""
        return self.likelihood_of(self.posterior_of(x, training=training).mean(), training=training).mean()

    PARTS = ("encoder", "decoder", "posterior", "likelihood", "prior", "objective")

    def get_config(self) -> dict[str, Any]:
        parts = {name: keras.saving.serialize_keras_object(getattr(self, name)) for name in self.PARTS}
        return {**super().get_config(), **parts, "seed": self.seed}

    @classmethod
    def from_config(cls, config, custom_objects=None):
        parts = {
            name: keras.saving.deserialize_keras_object(config[name], custom_objects=custom_objects)
            for name in cls.PARTS
        }
        return cls(**{**config, **parts})

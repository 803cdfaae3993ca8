"""The model: four independent choices around two networks, and the one train step."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import keras
import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

from keras_vae.checks import check_seed
from keras_vae.distributions import LIKELIHOODS, POSTERIORS, Head
from keras_vae.errors import InvalidInputError
from keras_vae.layers import Condition, Corruption, Sampling
from keras_vae.models.bad_batches import BadBatches
from keras_vae.models.batch import rows_true, where_rows
from keras_vae.models.global_mean import Directions, GlobalMean
from keras_vae.models.inference import Inference
from keras_vae.models.prediction import Prediction
from keras_vae.models.serialized import check_can_be_saved
from keras_vae.models.training import Training
from keras_vae.networks.network import features_shape_of, input_shape_of
from keras_vae.objectives import KL, Objective, Term
from keras_vae.priors import PRIORS, Prior
from keras_vae.random import fold, initial_weights
from keras_vae.replicas import own_seed
from keras_vae.serialization import get_over, register
from keras_vae.sublayers import changed_sublayers, restore_sublayers
from keras_vae.trace import Trace

tfd = tfp.distributions

CORRUPTION_NOISE = 1_000_003


@register
class Autoencoder(Training, Prediction, Inference, keras.Model):
    """A generative autoencoder: an objective over a posterior, a likelihood and a prior.

    It trains with `fit`, reports `loss`, and `elbo`, `nll` and `kl` (unweighted, so that they compare across
    objectives) in nats per example, and saves to `.keras` with its optimizer. Data of dtype uint8 means 0..255
    and is divided by 255; other data are taken as they are.

    Args:
        encoder: a Keras model of one input of known shape, from examples to features; `features -> posterior`
            is the posterior head's affair.
        decoder: a Keras model of known input shape `latent_shape`, from codes to features.
        posterior: q(z | x), a `Head` over `latent_shape`, its name in `POSTERIORS`, or a mapping of such a `name` and
            of options.
        likelihood: p(x | z), a `Head` over the event shape, or likewise one of `LIKELIHOODS`.
        prior: p(z), a `Prior`, or likewise one of `PRIORS`; None for a model that does not generate.
        objective: what `fit` minimises; a `Term` or a sum of them, such as `NLL() + 4.0 * KL()`.
        condition: what the model is told beside the examples, a `LabelCondition` or a `VectorCondition`; `y` in `fit`.
            The inputs of encoder and decoder are then longer by its size in their last axis.
        corruption: what is done in training to the examples that the encoder sees, a `Corruption`.
        seed: seed of all noise, and of the initial weights of the heads and the prior; drawn when None. For the
            networks' see `mirrored`.
        sublayers: which layers inside are frozen or quantized, as `get_config` notes it.

    Attributes:
        step: how many batches the model was trained on, an integer variable that is saved with the model. Schedules
            of the objective's weights count it: a window of gradient accumulation is as many steps as it has batches,
            and `compile` does not start it again. It is one of the weights: restoring weights restores it.

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

    has_critic = False
    """Whether there is a `critic`, which some term trains."""

    infers_condition = False
    """Whether `call` finds the condition by itself where it is given none."""

    def __init__(
        self,
        encoder: keras.Model,
        decoder: keras.Model,
        *,
        posterior: str | Mapping | Head = "normal",
        likelihood: str | Mapping | Head = "bernoulli",
        prior: str | Mapping | Prior | None = "standard_normal",
        objective: Term | Objective,
        condition: Condition | None = None,
        corruption: Corruption | None = None,
        seed: int | None = None,
        sublayers: dict[str, Any] | None = None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.autocast = False  # else Keras would round the inputs to 16 bits under a mixed policy
        self.condition = _optional(condition, Condition, part="condition")
        self.corruption = _optional(corruption, Corruption, part="corruption")
        self.seed = int(np.random.randint(2**31 - 1)) if seed is None else check_seed(seed)
        self.encoder = encoder
        self.decoder = decoder
        encoded_shape = self._without_condition(input_shape_of(encoder, part="encoder"), "encoder")
        decoded_shape = self._without_condition(input_shape_of(decoder, part="decoder"), "decoder")
        latent_shape = posterior.event_shape if isinstance(posterior, Head) else decoded_shape
        with initial_weights(seed, "posterior"):
            self.posterior = get_over(posterior, POSTERIORS, Head, latent_shape, part="posterior")
        self.latent_shape = self.posterior.event_shape
        if self.posterior.decoded_shape != decoded_shape:
            raise InvalidInputError(
                f"decoder: expected inputs of shape {self.posterior.decoded_shape} for the posterior "
                f"{type(self.posterior).__name__} over {self.latent_shape}; it takes {decoded_shape}."
            )
        event_shape = likelihood.event_shape if isinstance(likelihood, Head) else encoded_shape
        with initial_weights(seed, "likelihood"):
            self.likelihood = get_over(likelihood, LIKELIHOODS, Head, event_shape, part="likelihood")
        self.event_shape = self.likelihood.event_shape
        if self.likelihood.encoded_shape != encoded_shape:
            raise InvalidInputError(
                f"encoder: expected inputs of shape {self.likelihood.encoded_shape} for the likelihood "
                f"{type(self.likelihood).__name__} over {self.event_shape}; it takes {encoded_shape}."
            )
        shape = self.posterior.prior_shape
        with initial_weights(seed, "prior"):
            self.prior = None if prior is None else get_over(prior, PRIORS, Prior, shape, part="prior")
        self.objective = Objective([(1.0, objective)]) if isinstance(objective, Term) else objective
        self.sampling = Sampling(self.seed, name="sampling")
        with initial_weights(seed, "heads"):
            self._build_heads()
        self.step = self.add_weight(
            name="step", shape=(), dtype="int64", initializer="zeros", trainable=False, aggregation="only_first_replica"
        )
        self._check_parts()
        self._kl = next((term for term in self.objective.terms if isinstance(term, KL)), self._kl_to_report())
        directions = {"loss": "down", "nll": "down"} | ({"elbo": "up", "kl": "down"} if self.has_density else {})
        for weight, term in self.objective.weighted:
            directions.setdefault(term.name, "up" if isinstance(weight, float) and weight < 0 else "down")
        self._trackers = {name: GlobalMean(name, direction) for name, direction in directions.items()}
        self._directions = Directions(list(self._trackers.values()), name="directions")
        self._bad_batches = BadBatches()
        self._xla_inside_step = False
        self.built = True
        if sublayers:
            restore_sublayers(self, sublayers)

    def __setattr__(self, name, value):
        fixed = (*self.PARTS, "seed")
        if name in fixed and getattr(self, "built", False) and value is not getattr(self, name, value):
            raise InvalidInputError(
                f"{self.name}: its {name} cannot be replaced, since what was compiled and checked would not know of "
                f"it; make a new model with model.with_parts({name}=...), which shares the other parts."
            )
        super().__setattr__(name, value)

    def _without_condition(self, shape: tuple[int, ...], part: str) -> tuple[int, ...]:
        """The shape of what a network describes: its input's, without the condition beside it."""
        if self.condition is None:
            return shape
        if shape[-1] <= self.condition.size:
            raise InvalidInputError(
                f"{part}: expected inputs with the condition's {self.condition.size} numbers beside the last axis; "
                f"got {shape}; make it with mirrored(..., condition_dim={self.condition.size})."
            )
        return (*shape[:-1], shape[-1] - self.condition.size)

    def _build_heads(self):
        for head, network, shape in (
            (self.posterior, self.encoder, input_shape_of(self.encoder, part="encoder")),
            (self.likelihood, self.decoder, input_shape_of(self.decoder, part="decoder")),
        ):
            if not head.built:
                part = "encoder" if head is self.posterior else "decoder"
                head.build_from_config({"input_shape": features_shape_of(network, shape, part=part)})

    def _check_dtypes(self):
        for name, part in {"model": self, **{name: getattr(self, name, None) for name in self.PARTS}}.items():
            policy = getattr(part, "dtype_policy", None)
            if policy is not None and "float64" in (policy.compute_dtype, policy.variable_dtype):
                raise InvalidInputError(
                    f"{name}: expected a dtype policy of at most float32, got {policy.name!r}, but distributions and "
                    "losses are float32; use 'float32', 'mixed_bfloat16' or 'mixed_float16'."
                )

    def _check_parts(self):
        self._check_dtypes()
        if not isinstance(self.objective, Objective):
            raise InvalidInputError(
                f"objective: expected a sum of terms, such as NLL() + KL(); got {self.objective!r}."
            )
        if self.prior is not None:
            self._check_prior()
        for term in self.objective.terms:
            if term.needs_density and not self.has_density:
                lacking = "a prior" if self.posterior.has_density else "a posterior with a density, such as 'normal'"
                raise InvalidInputError(
                    f"objective: {term.name!r} needs {lacking}; got posterior {type(self.posterior).__name__} and "
                    f"prior {self.prior and type(self.prior).__name__}. Leave the term out or change that part."
                )
            if term.needs_prior and self.prior is None:
                raise InvalidInputError(f"objective: {term.name!r} needs a prior; give the model one, or leave it out.")
            if term.needs_critic and not self.has_critic:
                raise InvalidInputError(
                    f"objective: {term.name!r} needs a critic; make it an AdversarialAutoencoder with critic=..., "
                    "or leave the term out."
                )
            if isinstance(term, KL) and term.estimator == "analytic" and not self._has_closed_form_kl():
                raise InvalidInputError(
                    f"objective: {term.name!r} has no closed form for posterior {type(self.posterior).__name__} and "
                    f"prior {type(self.prior).__name__}; ask for "
                    f"{type(term).__name__}({'' if type(term) is KL else '..., '}estimator='monte_carlo')."
                )

    def _check_prior(self):
        prior, posterior = type(self.prior).__name__, type(self.posterior).__name__
        if self.prior.support != self.posterior.support:
            raise InvalidInputError(
                f"prior: {prior} has {self.prior.support!r} events, but the posterior {posterior} gives "
                f"{self.posterior.support!r} codes; change one of the two."
            )
        if self.prior.input_shape is not None:
            if self.condition is not None:
                raise InvalidInputError(
                    f"prior: {prior} encodes examples without a condition, but the model is conditional; "
                    "choose another prior, or leave the condition out."
                )
            if self.prior.input_shape != self.event_shape:
                raise InvalidInputError(
                    f"prior: {prior} expected examples of shape {self.event_shape}; "
                    f"got input_shape {self.prior.input_shape}."
                )
        shape = tuple(self.prior.distribution(self._posterior_at_zero).event_shape)
        if shape != self.posterior.prior_shape:
            raise InvalidInputError(
                f"prior: {prior} has events of shape {shape}, but the posterior {posterior} needs "
                f"{self.posterior.prior_shape}; choose another prior."
            )
        self.posterior.check_prior(self.prior)

    def _posterior_at_zero(self, x: tf.Tensor) -> tfd.Distribution:
        """A posterior for each of the examples `x`, as if the encoder gave zeros; it asks nothing of the encoder."""
        shapes = self.posterior.parameter_shapes
        return self.posterior.distribution({name: tf.zeros((tf.shape(x)[0], *shape)) for name, shape in shapes.items()})

    def _kl_to_report(self) -> KL:
        analytic = not self.has_density or self._has_closed_form_kl()
        return KL(estimator="analytic" if analytic else "monte_carlo")

    def _has_closed_form_kl(self) -> bool:
        """Whether TFP knows KL(q(z | x) || p(z)) for these two families."""
        posterior = self._posterior_at_zero(tf.zeros((1, *self.event_shape)))
        prior = self.posterior.codes_of(self.prior.distribution(self._posterior_at_zero))
        z = self.sampling(distribution=posterior, seed=0)
        try:
            for latent in self.posterior.latents(posterior, prior, z):
                tfd.kl_divergence(latent.posterior, latent.prior)
        except NotImplementedError:
            return False
        return True

    @property
    def has_density(self) -> bool:
        """Whether q(z | x) and p(z) have densities, so that an ELBO exists."""
        return self.posterior.has_density and self.prior is not None and self.prior.has_density

    def prepare(self, x: tf.Tensor) -> tf.Tensor:
        """`x` in float32; uint8 is divided by 255."""
        x = tf.convert_to_tensor(x)
        return tf.cast(x, tf.float32) / 255.0 if x.dtype == tf.uint8 else tf.cast(x, tf.float32)

    def condition_of(self, y: Any) -> tf.Tensor | None:
        """The condition as a vector `(B, size)`; None for a model without one."""
        if self.condition is None:
            return None
        if y is None:
            self.condition.check(None, 0)
        return self.condition(y)

    def is_known(self, y: tf.Tensor) -> tf.Tensor:
        """Which conditions of a training batch can be used, bool `(B,)`."""
        return self.condition.is_known(y)

    def condition_of_batch(self, y: tf.Tensor) -> tf.Tensor:
        """The conditions of a training batch, `y` of `fit`, one for each example."""
        return self.condition.batch(y)

    def posterior_parameters(
        self, x: tf.Tensor, condition: tf.Tensor | None = None, *, training: bool = False
    ) -> dict[str, tf.Tensor]:
        """What the posterior's head makes of a batch `(B, *event_shape)`."""
        seen = self.likelihood.encoded(self.prepare(x))
        if self.condition is not None:
            seen = self.condition.append(seen, self._given(condition))
        return self.posterior(self.encoder(seen, training=training))

    def likelihood_parameters(
        self, z: tf.Tensor, condition: tf.Tensor | None = None, *, training: bool = False
    ) -> dict[str, tf.Tensor]:
        """What the likelihood's head makes of codes `(N, *latent_shape)`."""
        z = self.posterior.decoded(z)
        if self.condition is not None:
            z = self.condition.append(z, self._given(condition))
        return self.likelihood(self.decoder(z, training=training))

    def _given(self, condition):
        return self.condition_of(None) if condition is None else condition

    def posterior_of(
        self, x: tf.Tensor, condition: tf.Tensor | None = None, *, training: bool = False
    ) -> tfd.Distribution:
        """q(z | x) for a batch `(B, *event_shape)` and, where the model has one, a condition `(B, size)`."""
        return self.posterior.distribution(self.posterior_parameters(x, condition, training=training))

    def likelihood_of(
        self, z: tf.Tensor, condition: tf.Tensor | None = None, *, training: bool = False
    ) -> tfd.Distribution:
        """p(x | z) for codes `(..., *latent_shape)`; batch shape `(...)`. The condition is broadcast to it."""
        batch = tf.shape(z)[: tf.rank(z) - len(self.latent_shape)]
        if condition is not None:
            size = self.condition.size
            condition = tf.reshape(tf.broadcast_to(condition, tf.concat([batch, [size]], axis=0)), (-1, size))
        codes = tf.reshape(z, (-1, *self.latent_shape))
        parameters = self.likelihood_parameters(codes, condition, training=training)
        parameters = {
            name: tf.reshape(value, tf.concat([batch, value.shape[1:]], axis=0)) for name, value in parameters.items()
        }
        return self.likelihood.distribution(parameters)

    def prior_distribution(self) -> tfd.Distribution:
        """p(z), built afresh."""
        if self.prior is None:
            raise InvalidInputError(f"{self.name}: it has no prior to draw codes from; give it one, or use a VAE.")
        return self.posterior.codes_of(self.prior.distribution(self.posterior_of))

    def with_prior(self, prior: str | Mapping | Prior) -> "Autoencoder":
        """The same model with another prior, such as one fitted to its codes; networks and weights are shared.

        Samples, ELBO and likelihood of the new model are those of the new prior. A `KL` without a closed form for it
        becomes the Monte Carlo one, which has no free bits.

        Args:
            prior: as in the constructor.

        Example:

        >>> model = zoo.ae((8, 8, 1), 2, units=(8,))
        >>> codes = model.encode(np.random.default_rng(0).random((50, 8, 8, 1))).mean()
        >>> model.with_prior(priors.GaussianMixture.fit(codes, components=3)).sample(4, seed=0).shape
        (4, 8, 8, 1)
        """
        try:
            return self.with_parts(prior=prior)
        except InvalidInputError as error:
            if "no closed form" not in str(error):
                raise
            weighted = [(weight, _monte_carlo(term)) for weight, term in self.objective.weighted]
            return self.with_parts(prior=prior, objective=Objective(weighted))

    def with_parts(self, **parts: Any) -> "Autoencoder":
        """The same model with some of its `PARTS` exchanged; all others are shared, not copied."""
        kept = {name: getattr(self, name) for name in self.PARTS}
        model = type(self)(**{**super().get_config(), **kept, **self._options(), "seed": self.seed, **parts})
        model.step.assign(self.step)
        return model

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
            seed: of the noise, int32 of shape `(2,)`, or `(B, 2)` for a seed per example; replicas of a
                `tf.distribute` strategy make noise of their own from it.
            samples: draws of z per example, S.
            training: passed to the networks.
            step: batches trained on so far.
            extras: what else the batch carries.
        """
        x, extras = self.prepare(x), extras or {}
        condition = self.condition_of(extras.get("y"))
        own = own_seed(seed)
        seen = self.corruption(x, fold(own, CORRUPTION_NOISE)) if self.corruption is not None and training else x
        posterior = self.posterior_of(seen, condition, training=training)
        z = self.sampling(distribution=posterior, samples=samples, seed=own)  # (S, B, *latent_shape)
        return Trace(
            x=x,
            latents=self.posterior.latents(posterior, None if self.prior is None else self.prior_distribution(), z),
            likelihood=self.likelihood_of(z, condition, training=training),
            step=tf.convert_to_tensor(step),
            seed=seed,
            encode=partial(self.posterior_of, condition=condition, training=training),
            decode=partial(self.likelihood_of, condition=condition, training=training),
            extras=extras,
            training=training,
            critic=getattr(self, "critic", None),
        )

    def call(self, x, training=False, condition=None):
        """The expected reconstruction E[x | z] at the posterior mean z, shape `(B, *event_shape)`.

        An example that the likelihood cannot explain, or whose condition is unknown, has NaN for an answer.
        """
        x, condition = self.split_condition(x, condition)
        usable = rows_true(self.likelihood.in_support(self.prepare(x)))
        vector = self.condition_of(condition)  # None for a model without one
        if vector is not None:
            usable &= self.is_known(condition)
        code = self.posterior_of(x, vector, training=training).mean()
        return where_rows(usable, self.likelihood_of(code, vector, training=training).mean(), float("nan"))

    PARTS = ("encoder", "decoder", "posterior", "likelihood", "prior", "objective", "condition", "corruption")

    def _options(self) -> dict[str, Any]:
        """The constructor's arguments of a subclass that are no parts."""
        return {}

    def save(self, filepath, *args, **kwargs):
        """Saves as `.keras`; raises `InvalidInputError` for what could not be loaded again, see `load_model`."""
        check_can_be_saved(self, filepath)
        super().save(filepath, *args, **kwargs)

    def get_config(self) -> dict[str, Any]:
        parts = {name: keras.saving.serialize_keras_object(getattr(self, name)) for name in self.PARTS}
        return {**super().get_config(), **changed_sublayers(self), **parts, **self._options(), "seed": self.seed}

    @classmethod
    def from_config(cls, config, custom_objects=None):
        parts = {
            name: keras.saving.deserialize_keras_object(config[name], custom_objects=custom_objects)
            for name in cls.PARTS
            if name in config
        }
        return cls(**{**config, **parts})


def _monte_carlo(term: Term) -> Term:
    """The term with a KL by draws instead of in closed form."""
    if not isinstance(term, KL):
        return term
    config = {**term.get_config(), "estimator": "monte_carlo"}
    return type(term).from_config({**config, "free_bits": 0.0} if "free_bits" in config else config)


def _optional(value: Any, kind: type, *, part: str) -> Any:
    if value is None or isinstance(value, kind):
        return value
    raise InvalidInputError(f"{part}: expected a {kind.__name__} or None; got {value!r}.")

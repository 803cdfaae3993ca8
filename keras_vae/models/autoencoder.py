"""A generative autoencoder: the forward pass, the ELBO, and the training step."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import keras
import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp
from tensorflow import Tensor

from keras_vae.checks import check_seed
from keras_vae.distributions import LIKELIHOODS, POSTERIORS, Likelihood, Posterior
from keras_vae.errors import InvalidInputError
from keras_vae.layers import Condition, Corruption, Sampling
from keras_vae.models import compatibility
from keras_vae.models.augmentation import CORRUPTION_NOISE, augmented
from keras_vae.models.batch import checked_batch, trace_of_batch, where_rows
from keras_vae.models.composition import Composition
from keras_vae.models.data_range import check_data_range
from keras_vae.models.fitting import Fitting
from keras_vae.models.inference import Inference
from keras_vae.models.likelihood_bounds import LikelihoodBounds
from keras_vae.models.prediction import Prediction
from keras_vae.models.report import Report
from keras_vae.models.routing import gradients_along, routes_of
from keras_vae.objectives import Objective, Term
from keras_vae.priors import PRIORS, Prior
from keras_vae.random import as_seed, fold, initial_weights
from keras_vae.replicas import global_sum, own_seed
from keras_vae.serialization import event_shape_of, get_over, register
from keras_vae.sublayers import restore_sublayers
from keras_vae.trace import Trace

tfd = tfp.distributions


@register
class Autoencoder(Composition, Inference, LikelihoodBounds, Prediction, Fitting):
    """A generative autoencoder with a posterior, a likelihood, a prior and an objective.

    The metrics of `fit` are `loss`, `elbo`, `nll` and `kl`, in nats per example. `elbo`, `nll` and `kl` are unweighted,
    so that they can be compared across objectives. uint8 data are divided by 255; other data are used unchanged.

    Args:
        encoder: a Keras model with one input of known shape, from examples to the features of the posterior.
        decoder: a Keras model with the input shape `latent_shape`, from latents to the features of the likelihood.
        posterior: q(z | x): a `Posterior` with the event shape `latent_shape`, a name in `POSTERIORS`, or a mapping
            with a `name` and options.
        likelihood: p(x | z): a `Likelihood`, or a name in `LIKELIHOODS`, or a mapping as for `posterior`.
        prior: p(z): a `Prior`, a name in `PRIORS`, or such a mapping; None for a model without samples.
        objective: the loss: a `Term` or a weighted sum of terms, such as `NLL() + 4.0 * KL()`.
        condition: a `LabelCondition` or `VectorCondition`: `y` in `fit`, beside the last axis of both networks' inputs.
        corruption: a `Corruption` of the input of the encoder during training.
        augmentation: a Keras layer or model that transforms the examples during training, before the corruption.
        seed: seed of all noise, and of the initial weights of the parts except the networks. None draws one.
        data_range: smallest and largest value of the training data, where uint8 is from 0 to 1. `fit` and `adapt` set
            it for arrays and streams of uint8. Later images in other units are then refused.
        sublayers: internal layers that are frozen or quantized, as `get_config` writes them.

    Attributes:
        step: number of training batches so far, an integer weight; schedules of loss weights are functions of it.
            `compile` does not reset it. A callback that restores earlier weights restores their step, too.

    Raises:
        InvalidInputError: if the parts do not fit together.

    Example:

    >>> encoder, decoder = make_networks("mlp", (8, 8, 1), 4, units=(32,))
    >>> model = Autoencoder(encoder, decoder, likelihood="bernoulli", objective=NLL() + 4.0 * KL())
    >>> model.compile("adam")
    >>> history = model.fit(np.zeros((16, 8, 8, 1), "uint8"), verbose=0)
    >>> sorted(history.history)
    ['elbo', 'kl', 'loss', 'nll']

    Reference: Kingma & Welling, 2014, https://arxiv.org/abs/1312.6114
    """

    has_critic = False
    """Whether there is a `critic`, which some term trains."""

    def __init__(
        self,
        encoder: keras.Model,
        decoder: keras.Model,
        *,
        posterior: str | Mapping | Posterior = "normal",
        likelihood: str | Mapping | Likelihood = "bernoulli",
        prior: str | Mapping | Prior | None = "standard_normal",
        objective: Term | Objective,
        condition: Condition | None = None,
        corruption: Corruption | None = None,
        augmentation: keras.layers.Layer | None = None,
        seed: int | None = None,
        data_range: tuple[float, float] | None = None,
        sublayers: dict[str, Any] | None = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.data_range = check_data_range(data_range)
        self.autocast = False  # else Keras would round the inputs to 16 bits under a mixed policy
        self.condition = compatibility.check_part(condition, Condition, part="condition")
        self.corruption = compatibility.check_part(corruption, Corruption, part="corruption")
        self.seed = int(np.random.randint(2**31 - 1)) if seed is None else check_seed(seed)
        self.encoder, self.decoder, self.augmentation = encoder, decoder, augmentation
        encoder_input = compatibility.input_shape(encoder, self.condition, part="encoder")
        decoder_input = compatibility.input_shape(decoder, self.condition, part="decoder")
        latent_shape = decoder_input
        if isinstance(posterior, Posterior):
            latent_shape = event_shape_of(posterior, part="posterior")
        with initial_weights(seed, "posterior"):
            self.posterior = get_over(posterior, POSTERIORS, Posterior, latent_shape, part="posterior")
        event_shape = encoder_input
        if isinstance(likelihood, Likelihood):
            event_shape = event_shape_of(likelihood, part="likelihood")
        with initial_weights(seed, "likelihood"):
            self.likelihood = get_over(likelihood, LIKELIHOODS, Likelihood, event_shape, part="likelihood")
        compatibility.check_networks(self, encoder_input, decoder_input)
        self.latent_shape, self.event_shape = self.posterior.event_shape, self.likelihood.event_shape
        with initial_weights(seed, "prior"):
            shape = self.posterior.prior_shape
            self.prior = None if prior is None else get_over(prior, PRIORS, Prior, shape, part="prior")
        self.objective = Objective([(1.0, objective)]) if isinstance(objective, Term) else objective
        self.sampling = Sampling(self.seed, name="sampling")
        with initial_weights(seed, "heads"):
            compatibility.build_on(self.posterior, encoder, part="encoder")
            compatibility.build_on(self.likelihood, decoder, part="decoder")
        self.step = self.add_weight(
            name="step", shape=(), dtype="int64", initializer="zeros", trainable=False, aggregation="only_first_replica"
        )
        compatibility.check_parts(self)
        self.multipliers = list(self.objective.multipliers.values())  # for Keras, which then saves them
        self.kl_estimator = compatibility.kl_estimator_of(self)
        self.computed_once = compatibility.computed_once(self)
        self.report = Report(self.objective, self.posterior, has_density=self.has_density)
        self.built = True
        if sublayers:
            restore_sublayers(self, sublayers)

    @property
    def has_density(self) -> bool:
        """Whether q(z | x) and p(z) have densities, so that an ELBO exists."""
        return self.posterior.has_density and self.prior is not None and self.prior.has_density

    def prepare(self, x: Any) -> Tensor:
        """Returns `x`, of any shape, in float32; uint8 is divided by 255."""
        x = tf.convert_to_tensor(x)
        return tf.cast(x, tf.float32) / 255.0 if x.dtype == tf.uint8 else tf.cast(x, tf.float32)

    def posterior_parameters(
        self, x: Any, condition: Tensor | None = None, *, training: bool = False
    ) -> dict[str, Tensor]:
        """The parameters of q(z | x) by name, for a batch `(B, *event_shape)` and its condition `(B, size)`."""
        seen = self.with_condition(self.likelihood.encoder_input(self.prepare(x)), condition)
        return self.posterior(self.encoder(seen, training=training))

    def likelihood_parameters(
        self, z: Tensor, condition: Tensor | None = None, *, training: bool = False, decoder_input: Tensor | None = None
    ) -> dict[str, Tensor]:
        """The parameters of p(x | z) by name, for latents `(N, *latent_shape)` and their condition `(N, size)`."""
        seen = self.posterior.decoder_input(z) if decoder_input is None else decoder_input
        return self.likelihood(self.decoder(self.with_condition(seen, condition), training=training))

    def posterior_of(self, x: Any, condition: Tensor | None = None, *, training: bool = False) -> tfd.Distribution:
        """q(z | x) for a batch `(B, *event_shape)` and, in a conditional model, a condition `(B, size)`."""
        return self.posterior.distribution(self.posterior_parameters(x, condition, training=training))

    def likelihood_of(self, z: Tensor, condition: Tensor | None = None, **options: Any) -> tfd.Distribution:
        """p(x | z) for latents `(..., *latent_shape)`; batch shape `(...)`. The condition is broadcast to it.

        The options are those of `likelihood_parameters`: `training`, and `decoder_input` if it is known already.
        """
        batch = tf.shape(z)[: tf.rank(z) - len(self.latent_shape)]
        if condition is not None and self.condition is not None:
            size = self.condition.size
            condition = tf.reshape(tf.broadcast_to(condition, tf.concat([batch, [size]], axis=0)), (-1, size))
        codes = tf.reshape(z, (-1, *self.latent_shape))
        parameters = self.likelihood_parameters(codes, condition, **options)
        parameters = {
            name: tf.reshape(value, tf.concat([batch, value.shape[1:]], axis=0)) for name, value in parameters.items()
        }
        return self.likelihood.distribution(parameters)

    def prior_distribution(self) -> tfd.Distribution:
        """Builds p(z), with batch shape `()` and event shape `latent_shape`.

        Raises:
            InvalidInputError: if the model has no prior.
        """
        if self.prior is None:
            raise InvalidInputError(f"{self.name}: it has no prior to draw codes from; give it one, or use a VAE.")
        return self.posterior.latent_prior(self.prior.distribution(self.posterior_of))

    def trace(
        self,
        x: Any,
        *,
        seed: Tensor,
        samples: int = 1,
        training: bool = False,
        step: Tensor | int = 0,
        extras: Mapping[str, Tensor] | None = None,
    ) -> Trace:
        """The forward pass x -> q(z | x) -> z -> p(x | z). Override it for a model with another structure.

        Args:
            x: a batch `(B, *event_shape)`.
            seed: seed of the noise, int32 of shape `(2,)`, or `(B, 2)` for a seed per example. Each replica of a
                `tf.distribute` strategy derives its own noise from it.
            samples: number of samples of z per example, S.
            training: passed to the networks.
            step: number of training batches so far, a scalar.
            extras: name -> another tensor of the batch, such as the labels `(B,)`.
        """
        x, extras = self.prepare(x), extras or {}
        condition, own = self.condition_of(extras.get("y")), own_seed(seed)
        seen = self.corruption(x, fold(own, CORRUPTION_NOISE)) if self.corruption is not None and training else x
        posterior = self.posterior_of(seen, condition, training=training)
        z = self.sampling(distribution=posterior, samples=samples, seed=own)  # (S, B, *latent_shape)
        decoder_input = self.posterior.decoder_input_of(posterior, z)
        return Trace(
            x=x,
            latents=self.posterior.latents(posterior, None if self.prior is None else self.prior_distribution(), z),
            likelihood=self.likelihood_of(z, condition, training=training, decoder_input=decoder_input),
            step=tf.convert_to_tensor(step),
            seed=seed,
            encode=partial(self.posterior_of, condition=condition, training=training),
            decode=partial(self.likelihood_of, condition=condition, training=training),
            extras=extras,
            training=training,
            critic=getattr(self, "critic", None),
        )

    def elbo_terms(self, trace: Trace) -> dict[str, Tensor]:
        """The ELBO E_q[log p(x | z)] - KL(q(z | x) || p(z)), `nll` and `kl`, in nats per example, `(B,)` each.

        A model without densities has no KL and no ELBO.
        """
        log_likelihood = tf.reduce_mean(trace.log_likelihood, axis=0)
        if not self.has_density:
            return {"nll": -log_likelihood}
        kl = trace.kl if self.kl_estimator == "analytic" else tf.reduce_mean(trace.log_ratio, axis=0)
        return {"elbo": log_likelihood - kl, "nll": -log_likelihood, "kl": kl}

    def train_step(self, data: Any) -> dict[str, Tensor]:
        seed = fold(as_seed(self.seed), self.step)
        data = augmented(self, data, seed)
        gradients, sums, statistics = self.differentiate(data, seed)
        if self.given_metrics:
            self.update_given_metrics(checked_batch(self, data))
        gradient_of = {id(v): g for v, g in zip(self.trainable_variables, gradients, strict=True)}
        for optimizer, variables in self.optimizers:
            optimizer.apply([gradient_of[id(variable)] for variable in variables], variables)
        statistics = global_sum(statistics)
        with tf.control_dependencies([sums["weight"]]):  # else a stream that ends would count as one more batch
            for name, own in statistics.items():  # of the posterior, the likelihood and the objective
                self.report.add_restarts(getattr(self, name).update(own, seed))
            self.step.assign_add(1)
        return self.update_report(sums)

    def test_step(self, data: Any) -> dict[str, Tensor]:
        seed = fold(fold(as_seed(self.seed), -1), self.report.bad_batches.steps)  # reset with each evaluation
        batch = checked_batch(self, data)
        trace = trace_of_batch(self, batch, seed, training=False)
        sums = self.report.sums_of(batch, trace, *self.reported(trace, self.objective.values(trace)))
        self.update_given_metrics(batch)
        return self.update_report(sums)

    def gradients(self, data: Any, seed: Tensor, examples: Tensor | None = None) -> tuple[list, dict, dict]:
        """Returns the gradients of the trainable variables, the sums for the metrics, and the statistics of the parts.

        Args:
            data: the batch of the replica.
            seed: seed of the noise of the step, equal on all replicas.
            examples: number of examples in the global batch, a scalar, over which the loss is a mean. None uses the
                replica's batch.
        """
        batch = checked_batch(self, data)
        examples = batch.examples if examples is None else examples
        routes = routes_of(self)
        with tf.GradientTape(persistent=len(routes) > 1) as tape:
            trace = trace_of_batch(self, batch, seed, training=True)
            terms = self.objective.values(trace)
            report, regularisation = self.reported(trace, terms)
            losses = []
            for route in routes:
                loss = self.objective.weigh(terms, trace.step, route.terms)
                loss = tf.reduce_sum(loss * batch.weights) / tf.maximum(examples, 1.0)
                loss += regularisation / self.distribute_strategy.num_replicas_in_sync
                losses.append(route.optimizer.scale_loss(loss))
        gradients = gradients_along(routes, losses, tape, self.trainable_variables)
        heads = {name: getattr(self, name) for name in ("posterior", "likelihood")}
        statistics = {name: head.statistics(trace) for name, head in heads.items() if head.trainable}
        statistics["objective"] = self.objective.statistics(terms, batch.weights)
        return gradients, self.report.sums_of(batch, trace, report, regularisation), statistics

    def reported(self, trace: Trace, terms: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], Tensor]:
        """The metrics (terms, ELBO, loss, weights found so far) and the regularisation loss of the networks, `()`."""
        loss = self.objective.weigh(terms, trace.step, self.objective.of_model)
        regularisation = tf.add_n([tf.zeros(()), *self.losses])
        found = {name: multiplier.value for name, multiplier in self.objective.multipliers.items()}
        return {**terms, **self.elbo_terms(trace), **found, "loss": loss}, regularisation

    def call(self, x: Any, training: bool = False, condition: Any = None) -> Tensor:
        """The reconstruction E[x | z] at the posterior mean z, shape `(B, *event_shape)`.

        The result is NaN for an example outside the support of the likelihood, or with an unknown condition.
        """
        x, condition = self.split_condition(x, condition)
        usable = self.likelihood.examples_in_support(self.prepare(x))
        vector = self.condition_of(condition)  # None for a model without one
        if vector is not None:
            usable &= self.is_known(condition)
        code = self.posterior_of(x, vector, training=training).mean()
        return where_rows(usable, self.likelihood_of(code, vector, training=training).mean(), float("nan"))

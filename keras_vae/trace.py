"""The result of a forward pass, from which the loss is computed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from dataclasses import replace as with_changes
from typing import TYPE_CHECKING, Any, NamedTuple

import tensorflow as tf
import tensorflow_probability as tfp

from keras_vae.errors import InvalidInputError

if TYPE_CHECKING:
    import keras

tfd = tfp.distributions


class Latent(NamedTuple):
    """One level of latent variables.

    Attributes:
        posterior: q(z | x), batch shape `(B,)`; in a hierarchy q(z_l | z_<l, x), batch shape `(S, B)` below the top.
        prior: p(z), or p(z_l | z_<l) in a hierarchy; None for a model without a prior.
        sample: samples of the posterior, shape `(S, B, *latent_shape)`.

    Example:

    >>> latent, *below = kv.zoo.vae((8,), 2, units=(4,)).trace(tf.zeros((3, 8)), seed=(0, 1)).latents
    >>> latent.posterior.batch_shape, latent.prior.event_shape, latent.sample.shape, below
    (TensorShape([3]), TensorShape([2]), TensorShape([1, 3, 2]), [])
    """

    posterior: tfd.Distribution
    prior: tfd.Distribution | None
    sample: tf.Tensor

    @property
    def required_prior(self) -> tfd.Distribution:
        """The prior; raises `InvalidInputError` for a model without a prior."""
        if self.prior is None:
            raise InvalidInputError("prior: expected a model with a prior, got one without; give it one.")
        return self.prior


@dataclass(frozen=True, eq=False)
class Trace:
    """The result of the forward pass of a step, from which the terms of an objective are computed.

    For a gradient with respect to a sample z, compute its density from `latents` within the tape that watches z.
    `log_ratio` may have been computed outside the tape.

    Attributes:
        x: the prepared batch, float32, shape `(B, *event_shape)`.
        latents: the levels of latent variables, top first.
        likelihood: p(x | z), batch shape `(S, B)`.
        step: number of training batches so far, for scheduled weights.
        seed: seed of the noise of this pass, int32 `(2,)`, equal on all replicas. `Term.seed` derives the seed of a
            term from it.
        encode: x -> q(z | x), for terms that encode other inputs.
        decode: z of shape `(..., *latent_shape)` -> p(x | z), for terms that decode other latents.
        extras: other tensors of the batch, such as `y`.
        training: whether the pass is part of training.
        weights: weights of the examples, float32 `(B,)`; 0 excludes an example. None is a weight of 1 for all.
        critic: the critic of an adversarial model, a Keras model from latents or examples to logits `(..., 1)`.
        passes: number of copies of the batch in `x`, one after the other. A model that sums over classes has one copy
            per class.
        computed: values of `log_likelihood`, `log_ratio` and `kl`, see `with_computed`.

    Example:

    >>> trace = kv.zoo.vae((8,), 2, units=(4,)).trace(tf.zeros((3, 8)), seed=(0, 1), samples=5)
    >>> trace.latents[0].sample.shape, trace.log_likelihood.shape
    (TensorShape([5, 3, 2]), TensorShape([5, 3]))
    """

    x: tf.Tensor
    latents: tuple[Latent, ...]
    likelihood: tfd.Distribution
    step: tf.Tensor
    seed: tf.Tensor
    encode: Callable[[tf.Tensor], tfd.Distribution]
    decode: Callable[[tf.Tensor], tfd.Distribution]
    extras: Mapping[str, tf.Tensor]
    training: bool = False
    weights: tf.Tensor | None = None
    critic: "keras.Model | None" = None
    passes: int = 1
    computed: Mapping[str, tf.Tensor] = field(default_factory=dict)

    @property
    def log_likelihood(self) -> tf.Tensor:
        """Log p(x | z) of each sample z, in nats, shape `(S, B)`."""
        return self._value("log_likelihood", lambda: self.likelihood.log_prob(self.x))

    @property
    def log_ratio(self) -> tf.Tensor:
        """Log q(z | x) - log p(z) of each sample z, summed over levels, in nats, shape `(S, B)`."""
        return self._value("log_ratio", lambda: tf.add_n([_log_ratio(latent) for latent in self.latents]))

    @property
    def kl(self) -> tf.Tensor:
        """KL(q(z | x) || p(z)) in closed form, summed over levels, in nats, shape `(B,)`.

        A level below the top is conditioned on samples of the levels above. Its KL is the mean over these samples.

        Raises:
            NotImplementedError: if TFP has no closed form for a pair of families.
        """
        return self._value("kl", lambda: tf.add_n([_kl(latent) for latent in self.latents]))

    def _value(self, name, compute):
        return self.computed[name] if name in self.computed else compute()

    def with_computed(self, *names: str) -> "Trace":
        """Returns the trace with computed values of the named ones of `log_likelihood`, `log_ratio` and `kl`.

        They are computed once, before any term reads them. A term may read a value within a `tf.cond`, a
        `tf.while_loop` or its own tape. If it were computed there, it would belong to that graph or lack its gradient.
        """
        return with_changes(self, computed={name: getattr(self, name) for name in names})

    def replace(self, **changes: Any) -> "Trace":
        """Returns the trace with some attributes changed and no computed values."""
        return with_changes(self, **{"computed": {}, **changes})


def _log_ratio(latent: Latent) -> tf.Tensor:
    return latent.posterior.log_prob(latent.sample) - latent.required_prior.log_prob(latent.sample)


def _kl(latent: Latent) -> tf.Tensor:
    kl = tfd.kl_divergence(latent.posterior, latent.required_prior)
    return kl if kl.shape.rank == 1 else tf.reduce_mean(kl, axis=0)

"""The KL divergence of the posterior from the prior."""

import tensorflow as tf
import tensorflow_probability as tfp

from keras_vae.checks import check_number
from keras_vae.errors import InvalidInputError
from keras_vae.objectives.objective import Term
from keras_vae.replicas import global_mean
from keras_vae.serialization import register
from keras_vae.trace import Latent, Trace

tfd = tfp.distributions


def kl_per_dimension(latent: Latent) -> tf.Tensor:
    """Returns KL(q(z_d | x) || p(z_d)) for every latent dimension d, in nats, shape `(B, *latent_shape)`.

    Args:
        latent: one level of the latents of a trace.

    Raises:
        InvalidInputError: if the dimensions of the posterior or of the prior are not independent.

    Example:

    >>> trace = kv.zoo.vae((8,), 2, units=(4,)).trace(tf.zeros((3, 8)), seed=(0, 1))
    >>> kl_per_dimension(trace.latents[0]).shape
    TensorShape([3, 2])
    """
    posterior, prior = latent.posterior, latent.required_prior
    if not (_is_independent(posterior) and _is_independent(prior)):
        raise InvalidInputError(
            "KL per dimension (and free bits) needs a posterior and a prior with independent dimensions; "
            f"got {posterior.name} and {prior.name}."
        )
    try:
        return tfd.kl_divergence(posterior.distribution, prior.distribution)
    except NotImplementedError as error:
        raise InvalidInputError(
            "KL per dimension (and free bits) needs a KL in closed form; "
            f"there is none for {posterior.name} and {prior.name}."
        ) from error


def _is_independent(distribution: tfd.Distribution) -> bool:
    """Returns whether the elements of an event are independent: `tfd.Independent` over scalars."""
    is_wrapped = type(distribution).__name__ in ("Independent", "_Independent")  # in TFP, with or without composites
    return is_wrapped and distribution.distribution.event_shape.rank == 0


@register
class KL(Term):
    """The KL divergence KL(q(z | x) || p(z)), summed over latent dimensions and levels; nats per example.

    With `free_bits` b, the term is sum_d max(b, mean_B KL_d). A dimension whose mean KL over the batch is below b has
    no gradient, which keeps it active. The reported metric `kl` remains the true KL.

    Args:
        free_bits: KL in nats per latent dimension that is not penalised; 0 disables it.
        estimator: `"analytic"` for the closed form in TFP; `"monte_carlo"` for the mean of log q(z|x) - log p(z) over
            the samples, for pairs of families without a closed form.
        name: see `Term`.

    Raises:
        InvalidInputError: if an argument is out of range, or if free bits are combined with a Monte Carlo estimate.

    Example:

    >>> print(NLL() + KL(free_bits=0.1))
    nll + kl

    References: Kingma & Welling, 2014, https://arxiv.org/abs/1312.6114; free bits: Kingma et al., 2016,
    appendix C.8, https://arxiv.org/abs/1606.04934
    """

    needs_density = True

    def __init__(self, free_bits: float = 0.0, *, estimator: str = "analytic", name: str | None = None):
        super().__init__(name)
        check_number("KL: free_bits", free_bits, least=0)
        if estimator not in ("analytic", "monte_carlo"):
            raise InvalidInputError(f"KL: estimator must be 'analytic' or 'monte_carlo'; got {estimator!r}.")
        if free_bits and estimator == "monte_carlo":
            raise InvalidInputError("KL: free_bits needs the analytic estimator; use one or the other.")
        self.free_bits = free_bits
        self.estimator = estimator
        self.across_batch = self.across_batch or free_bits > 0

    def __call__(self, trace: Trace) -> tf.Tensor:
        if not self.free_bits:
            return self.divergence(trace)
        levels = [(kl_per_dimension(latent), latent.posterior.event_shape.rank) for latent in trace.latents]
        means = [global_mean(kl if kl.shape.rank - event == 1 else tf.reduce_mean(kl, axis=0)) for kl, event in levels]
        floored = tf.add_n([tf.reduce_sum(tf.maximum(mean, self.free_bits)) for mean in means])
        return tf.fill(tf.shape(trace.x)[:1], floored)

    def divergence(self, trace: Trace) -> tf.Tensor:
        """Returns the KL without free bits, shape `(B,)`."""
        return trace.kl if self.estimator == "analytic" else tf.reduce_mean(trace.log_ratio, axis=0)

"""Density estimates and samples of the aggregate posterior q(z) = 1/N sum_j q(z | x_j)."""

import math
from typing import NamedTuple

import tensorflow as tf
import tensorflow_probability as tfp

from keras_vae.errors import InvalidInputError, unknown
from keras_vae.replicas import global_batch, own_rows, several
from keras_vae.trace import Latent, Trace

tfd = tfp.distributions

ESTIMATORS = ("weighted", "stratified")
"""The estimators of q(z) in `log_densities`."""


class LogDensities(NamedTuple):
    """Log-densities at the samples z of each example, averaged over the samples, in nats; shape `(B,)` each.

    Attributes:
        conditional: log q(z | x).
        aggregate: log q(z).
        factorised: sum_d log q(z_d).
        prior: log p(z).
    """

    conditional: tf.Tensor
    aggregate: tf.Tensor
    factorised: tf.Tensor
    prior: tf.Tensor


def log_densities(trace: Trace, dataset_size: int | None = None, estimator: str = "weighted") -> LogDensities:
    """Estimates log q(z) and its marginals from the posteriors of the batch.

    Each estimate is a weighted mixture of the posteriors of the batch of B = M + 1 examples, for z ~ q(z | x_i). The
    memory is proportional to S * B * B * D.

        q(z) ~ sum_j w_ij q(z | x_j)      q(z_d) ~ sum_j w_ij q(z_d | x_j)

    For a data set of size N,

        weighted:    w_ij = 1 / (N B)
        stratified:  w_ii = 1 / N,  w_ij = (N - M) / (N M) for the one j that follows i,  w_ij = 1 / M for the others

    The expectation of the stratified mixture over batches that contain x_i is q(z). The weighted mixture is too small,
    by a factor of N if the batch is the data set. This constant changes values, but not gradients. Without N, the batch
    is the data set, w_ij = 1 / B, and the mixture is exact.

    Args:
        trace: the trace of a model with one level of latent variables.
        dataset_size: N, the number of examples in the data set. None uses each batch as the data set.
        estimator: `"weighted"` or `"stratified"`; ignored without `dataset_size`.

    Raises:
        InvalidInputError: for several levels of latent variables, for a posterior with dependent dimensions, if there
            is no prior, or if the batch is larger than the data set.

    Reference: Chen, Li, Grosse & Duvenaud, 2018, section 4.1 and appendix C, https://arxiv.org/abs/1802.04942
    """
    latent = only_latent(trace)
    if not isinstance(latent.posterior, tfd.Independent) or latent.prior is None:
        raise InvalidInputError(
            "Total correlation and its variants need a prior, and a posterior with independent dimensions, such as "
            f"'normal'; got {getattr(latent.prior, 'name', None)} and {latent.posterior.name}."
        )
    z = latent.sample  # (S, B, *latent_shape)
    posteriors = _of_global_batch(latent.posterior.distribution)
    pairwise = posteriors.log_prob(z[:, :, tf.newaxis])  # (S, B, global B, *latent_shape)
    own, size = tf.shape(pairwise)[1], tf.shape(pairwise)[2]
    pairwise = tf.reshape(pairwise, (-1, own, size, math.prod(pairwise.shape[3:])))  # (S, i, j, D)
    log_w = _log_mixture_weights(own_rows(own), size, pairwise.shape[2], dataset_size, estimator)  # (i, j)
    aggregate = tf.reduce_logsumexp(tf.reduce_sum(pairwise, axis=-1) + log_w, axis=2)
    marginals = tf.reduce_logsumexp(pairwise + log_w[..., tf.newaxis], axis=2)  # (S, i, D)
    per_draw = (
        latent.posterior.log_prob(z),
        aggregate,
        tf.reduce_sum(marginals, axis=-1),
        latent.prior.log_prob(z),
    )
    return LogDensities(*(tf.reduce_mean(value, axis=0) for value in per_draw))


def _of_global_batch(distribution: tfd.Distribution) -> tfd.Distribution:
    """Returns the distributions of the examples of the global batch."""
    if not several():
        return distribution
    batched = {
        name: distribution.parameters[name]
        for name, properties in type(distribution).parameter_properties().items()
        if tf.is_tensor(value := distribution.parameters.get(name)) and value.shape.rank > properties.event_ndims
    }
    return distribution.copy(**{name: global_batch(value) for name, value in batched.items()})


def _log_mixture_weights(rows, size, static_size, dataset_size, estimator):
    """Returns the logarithms of the weights w_ij for the `rows` i of a batch of this size."""
    b, shape = tf.cast(size, tf.float32), (tf.size(rows), size)
    if dataset_size is None:
        return tf.fill(shape, -tf.math.log(b))
    if static_size is not None and static_size > dataset_size:
        raise InvalidInputError(
            f"dataset_size: expected the number of examples in the data set, at least the batch's {static_size}; "
            f"got {dataset_size}. Give the number of training examples."
        )
    n = float(dataset_size)
    if estimator == "weighted":
        return tf.fill(shape, -math.log(n) - tf.math.log(b))
    if estimator != "stratified":
        raise InvalidInputError(unknown(estimator, ESTIMATORS, part="estimator"))
    m = tf.maximum(b - 1.0, 1.0)
    ahead = (tf.range(size) - rows[:, tf.newaxis]) % size  # j - i, around the batch
    others = tf.where(ahead == 1, tf.math.log((n - m) / (n * m)), -tf.math.log(m))
    return tf.where(ahead == 0, -math.log(n), others)


def only_latent(trace: Trace) -> Latent:
    """Returns the only level of latent variables of the trace.

    Raises:
        InvalidInputError: if there are several levels.
    """
    if len(trace.latents) != 1:
        raise InvalidInputError(
            f"Terms on the aggregate posterior need one level of latent variables; got {len(trace.latents)}. "
            "Leave the term out of a hierarchical model."
        )
    return trace.latents[0]


def codes_and_prior_draws(trace: Trace, seed: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns the first latent sample of each example of the global batch, and prior samples; both `(B, D)`.

    Raises:
        InvalidInputError: for several levels of latent variables, or if there is no prior.
    """
    latent = only_latent(trace)
    if latent.prior is None:
        raise InvalidInputError(
            "Terms that compare codes with the prior need one; got prior None. Give the model a prior, such as "
            "'standard_normal'."
        )
    codes = global_batch(latent.sample[0])
    width = math.prod(codes.shape[1:])
    draws = latent.prior.sample(tf.shape(codes)[0], seed=seed)
    return tf.reshape(codes, (-1, width)), tf.reshape(tf.cast(draws, codes.dtype), (-1, width))


def squared_distances(x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    """Returns |x_i - y_j|^2 for all pairs, `(B, D), (C, D) -> (B, C)`, from differences to avoid cancellation."""
    return tf.reduce_sum(tf.math.squared_difference(x[:, tf.newaxis], y[tf.newaxis]), axis=-1)

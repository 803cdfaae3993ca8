"""The decomposition of the KL divergence into mutual information and the KL of the aggregate posterior."""

import math
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp
from scipy.special import digamma, gammaln

from keras_vae.checks import check_integer, check_seed
from keras_vae.errors import InvalidInputError
from keras_vae.models import Autoencoder
from keras_vae.progress import progress
from keras_vae.random import as_seed, fold
from keras_vae.serialization import get

tfd = tfp.distributions

NUMBERS = 2**23  # pairs times dimensions at a time


class KLDecomposition(NamedTuple):
    """The parts of the KL divergence of a data set of N examples, nats per example; they add up to `kl`.

    Attributes:
        kl: E_x KL(q(z | x) || p(z)).
        mutual_information: I(x; z) = E log q(z | x) / q(z), the information of a latent about its example; at most
            log N with "mixture".
        total_correlation: KL(q(z) || prod_d q(z_d)), the dependence between dimensions; None if the dimensions are not
            independent given x.
        dimensionwise_kl: E log prod_d q(z_d) / p(z); None if `total_correlation` is None.
        aggregate_kl: KL(q(z) || p(z)), the sum of `total_correlation` and `dimensionwise_kl`: the KL from the aggregate
            posterior to the prior.
        standard_error: standard error of `mutual_information` over the samples of z.

    Example:

    >>> parts = KLDecomposition(5.0, 4.0, 0.3, 0.7, aggregate_kl=1.0, standard_error=0.1)
    >>> parts.kl == parts.mutual_information + parts.aggregate_kl
    True
    """

    kl: float
    mutual_information: float
    total_correlation: float | None
    dimensionwise_kl: float | None
    aggregate_kl: float
    standard_error: float


def decompose_kl(
    model: Autoencoder,
    x: Any,
    *,
    condition: Any = None,
    estimator: str = "mixture",
    batch_size: int = 256,
    neighbours: int = 5,
    seed: int = 0,
    verbose: int = 0,
) -> KLDecomposition:
    """Decomposes the mean KL divergence ("ELBO surgery"), with one sample z_i ~ q(z | x_i) per example.

        E_x KL(q(z | x) || p(z)) = I(x; z) + KL(q(z) || p(z))

    Estimators of log q(z), the log-density of the aggregate posterior:

        "mixture":     1/N sum_j q(z | x_j) over all N examples: exact for the data set of these examples
        "weighted":    1/(N B) sum_j q(z | x_j) over batches of B examples (minibatch-weighted sampling, which
                       `TotalCorrelation` uses in training): fast, but far too small, so that I is too large by up to
                       log N, and the total correlation by up to (D - 1) log N
        "neighbours":  from the distance of z_i to its k-th nearest neighbour among the samples, without a density;
                       accurate only for a few real dimensions. It has no `total_correlation`.

    Args:
        model: a model with a density and one level of latent variables.
        x: examples `(N, *event_shape)`.
        condition: conditions of the examples, for a conditional model.
        estimator: one of the three names.
        batch_size: B, for "weighted".
        neighbours: k, for "neighbours".
        seed: seed of the samples.
        verbose: 1 shows a progress bar.

    Raises:
        InvalidInputError: for a model without a density or with several levels, fewer examples than `neighbours` + 1,
            or an unknown estimator.

    Example:

    >>> model = zoo.vae((8, 8, 1), 2, units=(8,), seed=0)
    >>> parts = decompose_kl(model, np.random.default_rng(0).random((50, 8, 8, 1)))
    >>> abs(parts.kl - parts.mutual_information - parts.aggregate_kl) < 1e-5
    True

    References: Hoffman & Johnson, 2016, http://approximateinference.org/accepted/HoffmanJohnson2016.pdf; "weighted":
    Chen et al., 2018, https://arxiv.org/abs/1802.04942; "neighbours": Kozachenko & Leonenko, 1987, in Kraskov et al.,
    2004, https://arxiv.org/abs/cond-mat/0305641
    """
    estimate = get(estimator, ESTIMATORS, part="estimator")
    posterior, prior = _posterior_and_prior(model, x, condition)
    if estimator == "neighbours" and model.posterior.support != "real":
        raise InvalidInputError(f"decompose_kl: 'neighbours' needs codes on all real vectors; {model.name}'s are not.")
    z = posterior.sample(seed=fold(as_seed(check_seed(seed)), 0))
    conditional, of_prior = posterior.log_prob(z).numpy(), prior.log_prob(z).numpy()
    options = {"mixture": {}, "weighted": {"batch_size": batch_size}, "neighbours": {"neighbours": neighbours}}
    aggregate, factorised = estimate(posterior, z, verbose=verbose, **options[estimator])
    mutual = np.asarray(conditional - aggregate, "float64")
    known = factorised is not None
    return KLDecomposition(
        kl=float(np.mean(conditional - of_prior, dtype="float64")),
        mutual_information=float(mutual.mean()),
        total_correlation=float(np.mean(aggregate - factorised, dtype="float64")) if known else None,
        dimensionwise_kl=float(np.mean(factorised - of_prior, dtype="float64")) if known else None,
        aggregate_kl=float(np.mean(aggregate - of_prior, dtype="float64")),
        standard_error=float(mutual.std() / math.sqrt(len(mutual))),
    )


def _posterior_and_prior(model: Autoencoder, x: Any, condition: Any):
    if not model.has_density:
        raise InvalidInputError(
            f"{model.name}: it has no KL divergence to take apart, as its posterior or prior has no density; use a VAE."
        )
    posterior, prior = model.encode(x, condition=condition), model.prior_distribution()
    if len(model.posterior.latents(posterior, prior, posterior.sample(seed=(0, 0))[tf.newaxis])) > 1:
        raise InvalidInputError(
            f"{model.name}: the aggregate posterior of several levels of latent variables is not estimated; see "
            "its KL per dimension instead."
        )
    return posterior, prior


def _mixture(posterior, z, *, verbose=0):
    """Log q(z_i) and, for independent dimensions, sum_d log q(z_id), of the mixture over all examples, `(N,)` each."""
    return _of_mixture(posterior, z, math.log(len(z)), verbose)


def _of_mixture(posterior, z, log_size, verbose=0):
    independent = isinstance(posterior, tfd.Independent)
    width = math.prod(z.shape[1:])
    rows = max(1, NUMBERS // (len(z) * width))

    def densities(z):
        z = z[:, tf.newaxis]  # (rows, 1, *latent_shape) against the batch shape (N,)
        if not independent:
            return tf.reduce_logsumexp(posterior.log_prob(z), axis=1), None
        pairwise = posterior.distribution.log_prob(z)
        pairwise = tf.reshape(pairwise, (tf.shape(pairwise)[0], -1, width))
        marginals = tf.reduce_sum(tf.reduce_logsumexp(pairwise, axis=1), axis=-1)
        return tf.reduce_logsumexp(tf.reduce_sum(pairwise, axis=-1), axis=1), marginals

    starts = range(0, len(z), rows)
    if len(starts) > 1:  # a graph takes longer to trace than one batch
        densities = tf.function(densities, autograph=False, reduce_retracing=True)
    found = [
        densities(z[start : start + rows])
        for start in (progress(starts, len(starts), "Comparing codes") if verbose else starts)
    ]
    aggregate = np.concatenate([one for one, _ in found]) - log_size
    marginals = [one for _, one in found if one is not None]
    return aggregate, np.concatenate(marginals) - width * log_size if marginals else None


def _weighted(posterior, z, *, batch_size, verbose=0):
    if not isinstance(posterior, tfd.Independent):
        raise InvalidInputError(
            f"decompose_kl: 'weighted' needs independent dimensions; got {posterior.name}; use 'mixture'."
        )
    size, n = min(check_integer("batch_size", batch_size), len(z)), len(z)
    batches = math.ceil(n / size)
    aggregate, factorised = np.empty(n, "float32"), np.empty(n, "float32")
    for start in range(batches):  # each of rows from everywhere, since test sets are often sorted
        rows = slice(start, None, batches)
        batch = z[rows]
        aggregate[rows], marginals = _of_mixture(posterior[rows], batch, math.log(n * len(batch)))
        factorised[rows] = marginals
    return aggregate, factorised


def _neighbours(posterior, z, *, neighbours, verbose=0):
    from sklearn.neighbors import NearestNeighbors

    codes = np.reshape(z, (len(z), -1)).astype("float64")
    n, width = codes.shape
    if n <= check_integer("neighbours", neighbours):
        raise InvalidInputError(
            f"decompose_kl: expected more than {neighbours} examples for so many neighbours; got {n}."
        )
    distances = NearestNeighbors(n_neighbors=neighbours).fit(codes).kneighbors()[0][:, -1]
    log_volume = width / 2 * math.log(math.pi) - gammaln(width / 2 + 1)
    log_radius = np.log(np.maximum(distances, np.finfo("float64").tiny))
    return digamma(neighbours) - digamma(n) - log_volume - width * log_radius, None


ESTIMATORS = {"mixture": _mixture, "weighted": _weighted, "neighbours": _neighbours}

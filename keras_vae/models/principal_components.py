"""Starts a model with `linear_skip` networks as probabilistic PCA."""

import math
from collections import OrderedDict
from typing import NamedTuple

import numpy as np

from keras_vae.digest import digest_of
from keras_vae.distributions import Deterministic, Likelihood, Normal, OptimalSigmaNormal, Posterior
from keras_vae.models.autoencoder_base import AutoencoderBase
from keras_vae.networks import LinearPathDecoder, LinearSkipEncoder

MOST_VALUES = 2**27
"""The principal components are those of a sample of at most this many values, 512 MB."""

EXAMPLES_PER_COMPONENT = 100
"""Number of examples for each principal component. With 10 of them, photographs of 64x64 have a seventh more error."""

MOST_KEPT = 3
"""The number of results that are kept. 512 components of 64x64x3 values are 25 MB."""

LEAST_VARIANCE = 1e-6
"""Lower bound of the variance s^2, for data without noise."""


def examples_to_adapt(model: AutoencoderBase) -> int:
    """Returns the number of examples that `adapt_linear_skip` needs; 0 for other networks."""
    if not isinstance(model.encoder, LinearSkipEncoder):
        return 0
    return min(EXAMPLES_PER_COMPONENT * model.encoder.components, _most_examples(model.likelihood.event_shape))


def adapt_linear_skip(model: AutoencoderBase, x: np.ndarray) -> None:
    """Sets a model to probabilistic PCA of examples, where its networks and its distributions allow it.

    With the eigenvalues l_i and the eigenvectors v_i of the covariance of x, and the mean variance s^2 of the other
    directions,

        q(z_i | x) = N((1 - s^2 / l_i)^(1/2) l_i^(-1/2) v_i (x - mean), s^2 / l_i)
        p(x | z) = N(mean + sum_i (l_i - s^2)^(1/2) v_i z_i, s^2).

    This is the linear VAE of maximum likelihood. Directions with l_i <= s^2 have the posterior N(0, 1). The function
    does nothing for networks without `linear_skip`, and for other distributions than normal and deterministic ones.

    Args:
        model: the model.
        x: examples `(N, *event_shape)` in the units of the likelihood.

    Reference: Tipping & Bishop, 1999, https://doi.org/10.1111/1467-9868.00196
    """
    encoder, decoder, posterior, likelihood = model.encoder, model.decoder, model.posterior, model.likelihood
    if not (isinstance(encoder, LinearSkipEncoder) and isinstance(decoder, LinearPathDecoder)):
        return
    if not (is_set_by_loc(posterior) and is_set_by_loc(likelihood) and len(x) > 1):
        return
    rows = np.linspace(0, len(x) - 1, min(len(x), _most_examples(x.shape[1:]))).astype(int)
    pca = fit_pca(x[rows], decoder.factor, encoder.components)
    small_shape, components, noise = pca.mean.shape, len(pca.vectors), max(pca.noise, LEAST_VARIANCE)
    variance, mean = np.maximum(pca.variances, noise), pca.mean

    to_latents = np.zeros((*small_shape[:-1], encoder.input_shape[-1], encoder.components), "float32")
    own = (..., slice(small_shape[-1]), slice(components))  # other channels are those of a condition
    projection = pca.vectors.T * np.sqrt((1 - noise / variance) / variance)
    to_latents[own] = projection.reshape(*small_shape, components)
    encoder.linear.kernel.assign(to_latents.reshape(-1, encoder.components))
    encoder.linear.bias.assign(-np.tensordot(mean, to_latents[..., : small_shape[-1], :], axes=len(small_shape)))
    from_latents = np.zeros(decoder.linear.kernel.shape, "float32")
    from_latents[:components] = np.sqrt(variance - noise)[:, None] * pca.vectors
    decoder.linear.kernel.assign(from_latents)
    # `Likelihood.adapt` has set the mean of each channel
    decoder.linear.bias.assign((mean - mean.mean(axis=tuple(range(mean.ndim - 1)))).reshape(-1))

    for part in (posterior, likelihood):
        part.pass_loc()
    posterior.set_scale(np.append(np.sqrt(noise / variance), np.ones(encoder.components - components)))
    likelihood.set_scale(np.sqrt(noise + pca.lost))


class _PCA(NamedTuple):
    """The principal components of images that were reduced.

    Attributes:
        mean: the mean, in the shape of a reduced image.
        vectors: `(components, values)`, the eigenvectors of the covariance.
        variances: `(components,)`, their eigenvalues.
        noise: the mean variance of the other directions.
        lost: mean squared error of the reduction.
    """

    mean: np.ndarray
    vectors: np.ndarray
    variances: np.ndarray
    noise: float
    lost: float


_known: OrderedDict[tuple[str, int, int], _PCA] = OrderedDict()


def fit_pca(images: np.ndarray, factor: int, components: int) -> _PCA:
    """Returns principal components, which are kept for the next models of the same images, as in a search.

    Args:
        images: `(N, *event_shape)`, which are overwritten.
        factor: see `LinearPathDecoder`.
        components: the most components.
    """
    from sklearn.decomposition import PCA  # takes a second to import

    key = digest_of([images]), factor, components
    if key in _known:
        _known.move_to_end(key)
        return _known[key]
    x = _reduced(images, factor)
    lost = float(np.mean(np.square(images - _repeated(x, factor)))) if factor > 1 else 0.0
    shape, x = x.shape[1:], x.reshape(len(x), -1)
    components = min(components, len(x) - 1, x.shape[1] - 1)
    total = x.var(axis=0, ddof=1).sum()
    pca = PCA(components, copy=False, svd_solver="randomized", iterated_power=5, random_state=0).fit(x)
    noise = float((total - pca.explained_variance_.sum()) / (len(pca.mean_) - components))
    mean = pca.mean_.astype("float32").reshape(shape)
    _known[key] = _PCA(mean, pca.components_, pca.explained_variance_, noise, lost)
    while len(_known) > MOST_KEPT:
        _known.popitem(last=False)
    return _known[key]


def _most_examples(shape):
    return max(2, MOST_VALUES // math.prod(shape))


def _reduced(x, factor):
    if factor == 1:
        return x
    n, height, width, channels = x.shape
    return x.reshape(n, height // factor, factor, width // factor, factor, channels).mean(axis=(2, 4))


def _repeated(x, factor):
    return x.repeat(factor, axis=1).repeat(factor, axis=2)


def is_set_by_loc(part: Posterior | Likelihood) -> bool:
    """Returns whether a part is a normal or deterministic distribution, whose location is that of the features."""
    return part.project and isinstance(part, (Normal, OptimalSigmaNormal, Deterministic))

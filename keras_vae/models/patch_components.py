"""Starts a model of latent maps as probabilistic PCA of patches."""

import math

import numpy as np
import tensorflow as tf

from keras_vae.distributions.discrete_posterior import DiscretePosterior
from keras_vae.distributions.location_scale import LocationScale
from keras_vae.distributions.vector_quantizer import VectorQuantizer
from keras_vae.models.autoencoder_base import AutoencoderBase
from keras_vae.models.principal_components import is_set_by_loc
from keras_vae.networks import PatchSkipDecoder, PatchSkipEncoder
from keras_vae.networks.patch_skip import NEIGHBOURS

PATCHES = 2**16
"""The components are those of as many images as have this number of patches; 50 MB for 8x8 pixels in colour."""

LEAST_VARIANCE = 1e-6
"""Lower bound of the variance s^2, for data without noise, relative to 1, a latent's variance under the prior."""


def adapt_patch_skip(model: AutoencoderBase, x: np.ndarray) -> None:
    """Sets a model of latent maps to probabilistic PCA of patches, where its networks and its distributions allow it.

    The posterior of each position is that of probabilistic PCA for the patch there, see `adapt_linear_skip`. The image
    is linear in samples of the latents of the 3x3 positions around each patch: W minimises the expected squared error,

        W = (sum_i E[n_i n_i^T])^-1 sum_i E[n_i] x_i^T

    with the patches x_i, and their neighbouring latents n_i under the posterior. The variance of the likelihood is the
    mean of that error. If the posterior is discrete, the codes are those of the components, and W is that of the
    quantized components; the codebook of a `VectorQuantizer` has the centres of clusters of them. The function does
    nothing for networks without `linear_skip`, for posteriors that are not discrete, normal or deterministic, and for
    likelihoods without a location.

    Args:
        model: the model.
        x: examples `(N, H, W, C)` in the units of the likelihood.
    """
    encoder, decoder = model.encoder, model.decoder
    if not (isinstance(encoder, PatchSkipEncoder) and isinstance(decoder, PatchSkipDecoder)):
        return
    posterior, likelihood = model.posterior, model.likelihood
    has_loc = is_set_by_loc(likelihood) or (isinstance(likelihood, LocationScale) and likelihood.project)
    is_discrete = isinstance(posterior, DiscretePosterior) and posterior.project
    if not ((is_discrete or is_set_by_loc(posterior)) and has_loc and len(x) > 1):
        return
    has_codebook = isinstance(posterior, VectorQuantizer)
    rows = np.linspace(0, len(x) - 1, min(len(x), examples_for_patches(model))).astype(int)
    patches = np.asarray(encoder.patches(tf.constant(x[rows])))
    # Clusters of components with their own variances have the least error; a normal prior has unit variances.
    latents, scales = _set_encoder(encoder, patches, channels=x.shape[-1], whiten=not has_codebook)
    if has_codebook:
        posterior.fit_codebooks(latents)
    if is_discrete:
        latents = posterior.distribution({"vectors": tf.constant(latents, tf.float32)}).quantized.numpy()
    noise = scales if posterior.has_density and not is_discrete else np.zeros_like(scales)
    error = _set_decoder(decoder, patches, latents, noise)
    for part in (posterior, likelihood):
        part.pass_loc()
    posterior.set_scale(scales)
    likelihood.set_scale(math.sqrt(max(error, LEAST_VARIANCE)))


def examples_for_patches(model: AutoencoderBase) -> int:
    """Returns the number of examples that `adapt_patch_skip` needs; 0 for other networks."""
    if not isinstance(model.encoder, PatchSkipEncoder):
        return 0
    height, width = model.latent_shape[:2]
    return max(2, math.ceil(PATCHES / (height * width)))


def _set_encoder(encoder, patches, channels, whiten):
    """Sets the projection of patches; returns their latents, and the standard deviations of the posterior."""
    values = patches.shape[-1]
    components = min(encoder.components, values - 1)
    flat = patches.reshape(-1, values)
    variances, vectors = np.linalg.eigh(np.cov(flat.T))
    variances, vectors = variances[::-1], vectors[:, ::-1][:, :components]
    noise = max(float(variances[components:].mean()), LEAST_VARIANCE)
    variance = np.maximum(variances[:components], noise)
    projection = np.zeros((values, encoder.components), "float32")
    gain = (1 - noise / variance) / variance if whiten else 1 / variance.mean()
    projection[:, :components] = vectors * np.sqrt(gain)
    kernel = np.zeros((values // channels, encoder.input_shape[-1], encoder.components), "float32")
    kernel[:, :channels] = projection.reshape(-1, channels, encoder.components)  # other channels are a condition's
    bias = -flat.mean(axis=0) @ projection
    encoder.linear.kernel.assign(kernel.reshape(-1, encoder.components))
    encoder.linear.bias.assign(bias)
    scales = np.ones(encoder.components)
    scales[:components] = np.sqrt(noise / variance)
    return patches @ projection + bias, scales


def _set_decoder(decoder, patches, latents, noise):
    """Sets the linear path to the least squared error for latents with this noise; returns that error per value."""
    size, inputs, channels = len(noise), decoder.input_shape[-1], decoder.image_shape[-1]
    around = np.asarray(decoder.neighbourhoods(latents)).reshape(-1, NEIGHBOURS**2 * size)
    inside = np.asarray(decoder.neighbourhoods(np.ones_like(latents))).reshape(around.shape)
    target = patches.reshape(len(around), -1, channels)
    target = (target - target.mean(axis=(0, 1))).reshape(len(around), -1)  # `Likelihood.adapt` has set this mean
    mean, offset = target.mean(axis=0), around.mean(axis=0)
    around, target = around - offset, target - mean
    products = around.T @ around + np.diag(inside.sum(axis=0) * np.tile(np.square(noise), NEIGHBOURS**2))
    products += LEAST_VARIANCE * len(around) * np.eye(len(products))
    both = around.T @ target
    weights = np.linalg.solve(products.astype("float64"), both)
    kernel = np.zeros((NEIGHBOURS**2, inputs, target.shape[1]), "float32")
    kernel[:, :size] = weights.reshape(NEIGHBOURS**2, size, -1)
    decoder.linear.kernel.assign(kernel.reshape(-1, target.shape[1]))
    decoder.linear.bias.assign(mean - offset @ weights)
    return float((np.sum(np.square(target)) - np.sum(weights * both)) / target.size)

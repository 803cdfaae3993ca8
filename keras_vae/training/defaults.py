"""Defaults that follow from the data: epochs, batch size, the length of the latent vector, and a start as PCA."""

import math
from collections.abc import Mapping
from typing import Any

from keras_vae import zoo
from keras_vae.data import SplitDataset
from keras_vae.networks import NetworkOptions, can_have_linear_skip, can_have_patch_skip
from keras_vae.networks.image_size import map_size
from keras_vae.networks.make_networks import options_of_network
from keras_vae.training.config import TrainingConfig

FAMILIES = ("deterministic", "variational", "bounds and gradients", "aggregate posterior", "priors", "labels")
RECIPES = ("vae_gan", "ms_ssim_vae", "sigma_vae", "continuous_bernoulli_vae", "masked_vae")
"""The families, and further recipes, whose `latent_dim` is the length of one latent vector for the whole image."""

START_AS_PCA = (
    "ae", "denoising_ae", "vae", "denoising_vae", "iwae", "stl_vae", "dreg_iwae", "vamp_vae", "two_stage_vae",
    "sigma_vae", "vae_gan",
)  # fmt: skip
"""The recipes with an objective for which probabilistic PCA is a good start."""

START_AS_PATCHES = ("spatial_vae", "autoencoder_kl", "vq_vae", "residual_vq_vae", "fsq_vae", "lfq_vae")
"""The recipes with a latent map for which the principal components of patches are a good start."""

NORMAL = ("normal", "normal_elementwise", "normal_fixed", "normal_optimal")
"""The likelihoods that can start as probabilistic PCA."""

LATENT_DIM, MOST_LATENTS, VALUES_PER_LATENT, EXAMPLES_PER_LATENT = 8, 512, 96, 10

LARGE_IMAGE = 32
"""The networks for images whose sides are at least this long start as probabilistic PCA."""

SMALL_BATCH = 32
"""The batch size for such images, whose steps take as long per example as those of larger batches."""


def with_defaults(config: TrainingConfig, data: SplitDataset) -> TrainingConfig:
    """Returns the configuration with epochs, latents and batch size: its own, or the defaults for the data.

    The default number of latents for images is one for each 96 values, rounded down to a power of two from 8 to 512,
    and not more than one for ten training examples. It is 8 for other data, and for recipes in which `latent_dim` is
    not the length of a latent vector for the whole image. The batch size remains None for other data than larger
    images, see `TrainingConfig.batch_size_for`.

    Args:
        config: the configuration.
        data: the data set.

    Example:

    >>> with_defaults(TrainingConfig(), kv.data.load("digits")).latent_dim
    8
    """
    epochs = config.epochs_for(len(data.train))
    latent_dim = config.latent_dim or _latent_dim(config, data)
    batch_size = config.batch_size or (SMALL_BATCH if _is_large_image(data.event_shape) else None)
    return config.replace(epochs=epochs, latent_dim=latent_dim, batch_size=batch_size)


def _latent_dim(config, data):
    if len(data.event_shape) != 3 or config.network == "spatial" or not _has_latent_vector(config.model):
        return LATENT_DIM
    wanted = min(math.prod(data.event_shape) / VALUES_PER_LATENT, len(data.train) / EXAMPLES_PER_LATENT, MOST_LATENTS)
    return max(LATENT_DIM, 2 ** int(math.log2(max(wanted, 1))))


def _has_latent_vector(model):
    family = next((one.family for one in zoo.describe() if one.name == model), None)
    return family in FAMILIES or model in RECIPES


def starts_as_pca(config: TrainingConfig, event_shape: tuple[int, ...], options: Mapping[str, Any]) -> bool:
    """Returns whether the default network is `"pca"`, see `PCADecoder`.

    They do for larger images, unless the user chose the network or the posterior.

    Args:
        config: the configuration.
        event_shape: shape of one example.
        options: the options of the recipe, with a likelihood unless the recipe has its own.
    """
    if not _is_large_image(event_shape) or config.model not in START_AS_PCA:
        return False
    chosen = {"posterior", *NetworkOptions.__annotations__} - {*options_of_network("pca")}
    if config.network != "auto" or chosen & {*options}:
        return False
    likelihood = options.get("likelihood", {}).get("name")  # None is that of the recipe
    return likelihood in (None, *NORMAL) and can_have_linear_skip(event_shape)


def starts_as_patches(config: TrainingConfig, event_shape: tuple[int, ...], options: Mapping[str, Any]) -> bool:
    """Returns whether `linear_skip` is the default of a latent map, see `PatchSkipEncoder`.

    It is for larger images, unless the user chose the posterior or `linear_skip`.

    Args:
        config: the configuration.
        event_shape: shape of one example.
        options: the options of the recipe, with a likelihood unless the recipe has its own.
    """
    has_map = (config.network in ("auto", "spatial") and config.model in START_AS_PATCHES) or (
        config.network == "spatial" and config.model in START_AS_PCA
    )
    if not (has_map and _is_large_image(event_shape)) or {"posterior", "linear_skip"} & {*options}:
        return False
    likelihood = options.get("likelihood", {}).get("name")  # None is that of the recipe
    return likelihood in (None, *NORMAL, "laplace") and can_have_patch_skip(
        event_shape, map_size(event_shape, **options)
    )


def _is_large_image(event_shape):
    return len(event_shape) == 3 and min(event_shape[:2]) >= LARGE_IMAGE

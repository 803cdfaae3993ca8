"""Defaults that follow from the data: epochs, the length of the latent vector, and the networks for larger images."""

import math
from collections.abc import Mapping
from typing import Any

from keras_vae import zoo
from keras_vae.data import SplitDataset
from keras_vae.networks import can_have_linear_skip, options_of_network
from keras_vae.training.config import TrainingConfig
from keras_vae.zoo.parts import NETWORK_OPTIONS

FAMILIES = ("deterministic", "variational", "bounds and gradients", "aggregate posterior", "priors", "labels")
RECIPES = ("vae_gan", "ms_ssim_vae", "sigma_vae", "continuous_bernoulli_vae", "masked_vae")
"""The families, and further recipes, whose `latent_dim` is the length of one latent vector for the whole image."""

START_AS_PCA = (
    "ae", "denoising_ae", "vae", "denoising_vae", "iwae", "stl_vae", "dreg_iwae", "vamp_vae", "two_stage_vae",
    "sigma_vae",
)  # fmt: skip
"""The recipes with an objective for which probabilistic PCA is a good start."""

NORMAL = ("normal", "normal_elementwise", "normal_fixed", "normal_optimal")
"""The likelihoods that can start as probabilistic PCA."""

LATENT_DIM, MOST_LATENTS, VALUES_PER_LATENT, EXAMPLES_PER_LATENT = 8, 512, 96, 10

LARGE_IMAGE = 48
"""Images whose sides are at least this long get the network `LARGE_NETWORK`."""

LARGE_NETWORK = {"network": "conv"}


def with_defaults(config: TrainingConfig, data: SplitDataset) -> TrainingConfig:
    """Returns the configuration with numbers of epochs and latents: its own, or the defaults for the data.

    The default for images is a latent for each 96 values, rounded down to a power of two from 8 to 512, and not more
    than one for ten training examples. It is 8 for other data, and for recipes in which `latent_dim` is not the length
    of a latent vector for the whole image.
    """
    epochs = config.epochs_for(len(data.train))
    latent_dim = config.latent_dim or _latent_dim(config, data)
    return config.replace(epochs=epochs, latent_dim=latent_dim)


def _latent_dim(config, data):
    if len(data.event_shape) != 3 or config.network == "spatial" or not _has_latent_vector(config.model):
        return LATENT_DIM
    wanted = min(math.prod(data.event_shape) / VALUES_PER_LATENT, len(data.train) / EXAMPLES_PER_LATENT, MOST_LATENTS)
    return max(LATENT_DIM, 2 ** int(math.log2(max(wanted, 1))))


def _has_latent_vector(model):
    family = next((one.family for one in zoo.describe() if one.name == model), None)
    return family in FAMILIES or model in RECIPES


def network_options(config: TrainingConfig, event_shape: tuple[int, ...], options: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the options of the networks for larger images; none where the user chose a network.

    Args:
        config: the configuration.
        event_shape: shape of one example.
        options: the options of the recipe, with a likelihood unless the recipe has its own. The defaults do not apply
            if they contain one that only other networks take.
    """
    is_large = len(event_shape) == 3 and min(event_shape[:2]) >= LARGE_IMAGE
    if config.network != "auto" or not is_large or not _has_latent_vector(config.model):
        return {}
    chosen: dict[str, Any] = dict(LARGE_NETWORK)
    likelihood = options.get("likelihood", {}).get("name", "normal_optimal")  # that of sigma_vae
    if config.model in START_AS_PCA and likelihood in NORMAL and not {"posterior", "linear_skip"} & set(options):
        chosen["linear_skip"] = can_have_linear_skip(event_shape)
    others = set(NETWORK_OPTIONS) & set(options) - set(options_of_network(LARGE_NETWORK["network"]))
    return {} if others else {name: value for name, value in chosen.items() if name not in options}

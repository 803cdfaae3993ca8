"""Recipes: one function per published model, each returning a configured `Autoencoder`."""

import inspect
import re
from collections.abc import Callable
from typing import Any, NamedTuple

from keras_vae.errors import InvalidInputError
from keras_vae.models import Autoencoder
from keras_vae.serialization import get
from keras_vae.zoo.aae import aae
from keras_vae.zoo.ae import ae
from keras_vae.zoo.annealed_vae import annealed_vae
from keras_vae.zoo.autoencoder_kl import autoencoder_kl
from keras_vae.zoo.beta_tc_vae import beta_tc_vae
from keras_vae.zoo.beta_vae import beta_vae
from keras_vae.zoo.ciwae import ciwae
from keras_vae.zoo.concrete_vae import concrete_vae
from keras_vae.zoo.conditional_vae import conditional_vae
from keras_vae.zoo.continuous_bernoulli_vae import continuous_bernoulli_vae
from keras_vae.zoo.contractive_ae import contractive_ae
from keras_vae.zoo.count_vae import count_vae
from keras_vae.zoo.denoising_ae import denoising_ae
from keras_vae.zoo.denoising_vae import denoising_vae
from keras_vae.zoo.dip_vae_i import dip_vae_i
from keras_vae.zoo.dip_vae_ii import dip_vae_ii
from keras_vae.zoo.dirichlet_vae import dirichlet_vae
from keras_vae.zoo.discretized_logistic_vae import discretized_logistic_vae
from keras_vae.zoo.dreg_iwae import dreg_iwae
from keras_vae.zoo.factor_vae import factor_vae
from keras_vae.zoo.flow_prior_vae import flow_prior_vae
from keras_vae.zoo.full_covariance_vae import full_covariance_vae
from keras_vae.zoo.hierarchical_vae import hierarchical_vae
from keras_vae.zoo.hyperspherical_vae import hyperspherical_vae
from keras_vae.zoo.iaf_vae import iaf_vae
from keras_vae.zoo.info_vae import info_vae
from keras_vae.zoo.iwae import iwae
from keras_vae.zoo.ladder_vae import ladder_vae
from keras_vae.zoo.laplace_vae import laplace_vae
from keras_vae.zoo.masked_vae import masked_vae
from keras_vae.zoo.miwae import miwae
from keras_vae.zoo.mixture_prior_vae import mixture_prior_vae
from keras_vae.zoo.ms_ssim_vae import ms_ssim_vae
from keras_vae.zoo.piwae import piwae
from keras_vae.zoo.pixel_vae import pixel_vae
from keras_vae.zoo.planar_flow_vae import planar_flow_vae
from keras_vae.zoo.rae_gp import rae_gp
from keras_vae.zoo.rae_l2 import rae_l2
from keras_vae.zoo.rae_sn import rae_sn
from keras_vae.zoo.real_nvp_vae import real_nvp_vae
from keras_vae.zoo.residual_ladder_vae import residual_ladder_vae
from keras_vae.zoo.residual_vq_vae import residual_vq_vae
from keras_vae.zoo.semi_supervised_vae import semi_supervised_vae
from keras_vae.zoo.sequence_vae import sequence_vae
from keras_vae.zoo.sigma_vae import sigma_vae
from keras_vae.zoo.sinkhorn_ae import sinkhorn_ae
from keras_vae.zoo.sparse_ae import sparse_ae
from keras_vae.zoo.spatial_vae import spatial_vae
from keras_vae.zoo.stl_vae import stl_vae
from keras_vae.zoo.swae import swae
from keras_vae.zoo.tabular_vae import tabular_vae
from keras_vae.zoo.two_stage_vae import two_stage_vae
from keras_vae.zoo.vae import vae
from keras_vae.zoo.vae_gan import vae_gan
from keras_vae.zoo.vamp_vae import vamp_vae
from keras_vae.zoo.vq_vae import vq_vae
from keras_vae.zoo.vr_vae import vr_vae
from keras_vae.zoo.wae_gan import wae_gan
from keras_vae.zoo.wae_mmd import wae_mmd

FAMILIES: dict[str, tuple[Callable[..., Autoencoder], ...]] = {
    "deterministic": (
        ae,
        denoising_ae,
        sparse_ae,
        contractive_ae,
        rae_l2,
        rae_gp,
        rae_sn,
    ),
    "variational": (
        vae,
        beta_vae,
        annealed_vae,
        denoising_vae,
    ),
    "bounds and gradients": (
        iwae,
        miwae,
        piwae,
        ciwae,
        vr_vae,
        stl_vae,
        dreg_iwae,
    ),
    "disentangling": (
        beta_tc_vae,
        factor_vae,
        dip_vae_i,
        dip_vae_ii,
    ),
    "aggregate posterior": (
        info_vae,
        wae_mmd,
        wae_gan,
        aae,
        swae,
        sinkhorn_ae,
    ),
    "perceptual": (
        vae_gan,
        ms_ssim_vae,
        autoencoder_kl,
    ),
    "posteriors": (
        full_covariance_vae,
        laplace_vae,
        hyperspherical_vae,
        dirichlet_vae,
        concrete_vae,
        iaf_vae,
        planar_flow_vae,
        real_nvp_vae,
    ),
    "priors": (
        vamp_vae,
        mixture_prior_vae,
        flow_prior_vae,
        two_stage_vae,
    ),
    "likelihoods": (
        sigma_vae,
        continuous_bernoulli_vae,
        discretized_logistic_vae,
        count_vae,
        pixel_vae,
        masked_vae,
        tabular_vae,
        sequence_vae,
    ),
    "hierarchies and maps": (
        hierarchical_vae,
        ladder_vae,
        residual_ladder_vae,
        spatial_vae,
    ),
    "discrete codes": (
        vq_vae,
        residual_vq_vae,
    ),
    "labels": (
        conditional_vae,
        semi_supervised_vae,
    ),
}

RECIPES: dict[str, Callable[..., Autoencoder]] = {
    recipe.__name__: recipe for family in FAMILIES.values() for recipe in family
}


OWN_LIKELIHOOD = frozenset(
    {
        "autoencoder_kl",
        "continuous_bernoulli_vae",
        "count_vae",
        "discretized_logistic_vae",
        "masked_vae",
        "pixel_vae",
        "sequence_vae",
        "sigma_vae",
        "tabular_vae",
        "vae_gan",
    }
)
"""Recipes that bring a likelihood of their own, which is not chosen by the data."""


class Description(NamedTuple):
    """What there is to know of a recipe before one uses it."""

    name: str
    family: str
    paper: str
    summary: str


def create(name: str, event_shape: tuple[int, ...], latent_dim: int, **options: Any) -> Autoencoder:
    """The recipe of this name, called.

    Args:
        name: a key of `RECIPES`.
        event_shape: shape of one example.
        latent_dim: length of the code.
        **options: of the recipe, its parts and its networks.

    Raises:
        InvalidInputError: for an unknown name or an option that the recipe does not take.
    """
    recipe = get(name, RECIPES, part="model")
    try:
        return recipe(event_shape, latent_dim, **options)
    except InvalidInputError:
        raise
    except (TypeError, ValueError) as error:
        raise InvalidInputError(f"model {name!r}: cannot use the options {options}: {error}.") from error


def takes(name: str, option: str) -> bool:
    """Whether a recipe has an option of its own by this name."""
    return option in inspect.signature(get(name, RECIPES, part="model")).parameters


def describe() -> list[Description]:
    """Every recipe: its family, the (first) paper it comes from with its year, and its docstring's first line."""
    descriptions = []
    for family, recipes in FAMILIES.items():
        for recipe in recipes:
            text = inspect.getdoc(recipe)
            paper = " ".join(re.search(r"References?: (.*?, \d{4})", text, re.DOTALL).group(1).split())
            descriptions.append(Description(recipe.__name__, family, paper, text.partition("\n")[0]))
    return descriptions


__all__ = [
    "FAMILIES",
    "OWN_LIKELIHOOD",
    "RECIPES",
    "Description",
    "aae",
    "ae",
    "annealed_vae",
    "autoencoder_kl",
    "beta_tc_vae",
    "beta_vae",
    "ciwae",
    "concrete_vae",
    "conditional_vae",
    "continuous_bernoulli_vae",
    "contractive_ae",
    "count_vae",
    "create",
    "denoising_ae",
    "denoising_vae",
    "describe",
    "dip_vae_i",
    "dip_vae_ii",
    "dirichlet_vae",
    "discretized_logistic_vae",
    "dreg_iwae",
    "factor_vae",
    "flow_prior_vae",
    "full_covariance_vae",
    "hierarchical_vae",
    "hyperspherical_vae",
    "iaf_vae",
    "info_vae",
    "iwae",
    "ladder_vae",
    "laplace_vae",
    "masked_vae",
    "miwae",
    "mixture_prior_vae",
    "ms_ssim_vae",
    "piwae",
    "pixel_vae",
    "planar_flow_vae",
    "rae_gp",
    "rae_l2",
    "rae_sn",
    "real_nvp_vae",
    "residual_ladder_vae",
    "residual_vq_vae",
    "semi_supervised_vae",
    "sequence_vae",
    "sigma_vae",
    "sinkhorn_ae",
    "sparse_ae",
    "spatial_vae",
    "stl_vae",
    "swae",
    "tabular_vae",
    "takes",
    "two_stage_vae",
    "vae",
    "vae_gan",
    "vamp_vae",
    "vq_vae",
    "vr_vae",
    "wae_gan",
    "wae_mmd",
]

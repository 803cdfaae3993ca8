"""Priors p(z), trained with the model or fitted to its latents after training."""

from keras_vae.priors.autoregressive_prior import AutoregressivePrior
from keras_vae.priors.categorical_prior import CategoricalPrior
from keras_vae.priors.dirichlet_prior import DirichletPrior
from keras_vae.priors.gaussian_mixture_prior import GaussianMixturePrior
from keras_vae.priors.maf_prior import MAFPrior
from keras_vae.priors.mixture_prior import MixturePrior
from keras_vae.priors.prior import Prior
from keras_vae.priors.real_nvp_prior import RealNVPPrior
from keras_vae.priors.relaxed_categorical_prior import RelaxedCategoricalPrior
from keras_vae.priors.second_stage_prior import SecondStagePrior
from keras_vae.priors.standard_normal_prior import StandardNormalPrior
from keras_vae.priors.uniform_sphere_prior import UniformSpherePrior
from keras_vae.priors.vamp_prior import VampPrior

PRIORS = {
    "autoregressive": AutoregressivePrior,
    "categorical": CategoricalPrior,
    "dirichlet": DirichletPrior,
    "maf": MAFPrior,
    "mixture": MixturePrior,
    "real_nvp": RealNVPPrior,
    "relaxed_categorical": RelaxedCategoricalPrior,
    "second_stage": SecondStagePrior,
    "standard_normal": StandardNormalPrior,
    "uniform_sphere": UniformSpherePrior,
    "vamp": VampPrior,
}
"""Name -> prior p(z); models and recipes accept these names for `prior`."""

__all__ = [
    "PRIORS",
    "AutoregressivePrior",
    "CategoricalPrior",
    "DirichletPrior",
    "GaussianMixturePrior",
    "MAFPrior",
    "MixturePrior",
    "Prior",
    "RealNVPPrior",
    "RelaxedCategoricalPrior",
    "SecondStagePrior",
    "StandardNormalPrior",
    "UniformSpherePrior",
    "VampPrior",
]

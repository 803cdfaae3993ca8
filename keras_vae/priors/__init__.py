"""Priors p(z), trained with the model or fitted to its codes afterwards."""

from keras_vae.priors.autoregressive import Autoregressive
from keras_vae.priors.dirichlet_prior import DirichletPrior
from keras_vae.priors.gaussian_mixture import GaussianMixture
from keras_vae.priors.independent_categorical import IndependentCategorical
from keras_vae.priors.maf import MAF
from keras_vae.priors.mixture import Mixture
from keras_vae.priors.prior import Prior
from keras_vae.priors.real_nvp_prior import RealNVPPrior
from keras_vae.priors.relaxed_categorical_prior import RelaxedCategoricalPrior
from keras_vae.priors.second_stage import SecondStage
from keras_vae.priors.standard_normal import StandardNormal
from keras_vae.priors.uniform_sphere import UniformSphere
from keras_vae.priors.vamp_prior import VampPrior

PRIORS = {
    "autoregressive": Autoregressive,
    "categorical": IndependentCategorical,
    "dirichlet": DirichletPrior,
    "maf": MAF,
    "mixture": Mixture,
    "real_nvp": RealNVPPrior,
    "relaxed_categorical": RelaxedCategoricalPrior,
    "second_stage": SecondStage,
    "standard_normal": StandardNormal,
    "uniform_sphere": UniformSphere,
    "vamp": VampPrior,
}

__all__ = [
    "MAF",
    "PRIORS",
    "Autoregressive",
    "DirichletPrior",
    "GaussianMixture",
    "IndependentCategorical",
    "Mixture",
    "Prior",
    "RealNVPPrior",
    "RelaxedCategoricalPrior",
    "SecondStage",
    "StandardNormal",
    "UniformSphere",
    "VampPrior",
]

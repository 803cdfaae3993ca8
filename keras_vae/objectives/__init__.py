"""Objectives: weighted sums of terms, in nats per example."""

from keras_vae.objectives.adversarial import (
    CodeAdversarial,
    CodeCritic,
    DataAdversarial,
    DataCritic,
    DensityRatio,
    FeatureSimilarity,
    PermutationCritic,
)
from keras_vae.objectives.capacity import Capacity
from keras_vae.objectives.code_entropy import CodeEntropy
from keras_vae.objectives.code_norm import CodeNorm
from keras_vae.objectives.codebook import CodebookLoss, Commitment
from keras_vae.objectives.contractive import Contractive
from keras_vae.objectives.decoder_gradient import DecoderGradient
from keras_vae.objectives.dip import DIP
from keras_vae.objectives.dreg import DReG
from keras_vae.objectives.iwae import IWAE
from keras_vae.objectives.kl import KL, kl_per_dimension
from keras_vae.objectives.l1_activity import L1Activity
from keras_vae.objectives.lagrange_multiplier import LagrangeMultiplier
from keras_vae.objectives.log_weights import log_weights
from keras_vae.objectives.mmd import MMD
from keras_vae.objectives.ms_ssim import MSSSIM
from keras_vae.objectives.nll import NLL
from keras_vae.objectives.objective import TRAINABLE_PARTS, Objective, Term
from keras_vae.objectives.perceptual import Perceptual
from keras_vae.objectives.prior_nll import PriorNLL
from keras_vae.objectives.renyi import Renyi
from keras_vae.objectives.schedules import CyclicalWarmup, LinearWarmup
from keras_vae.objectives.semi_supervised_elbo import SemiSupervisedELBO, marginal_bound
from keras_vae.objectives.sinkhorn import Sinkhorn
from keras_vae.objectives.sliced_wasserstein import SlicedWasserstein
from keras_vae.objectives.sparsity_kl import SparsityKL
from keras_vae.objectives.squared_error import SquaredError
from keras_vae.objectives.standard_normal_kl import StandardNormalKL
from keras_vae.objectives.stl import STL
from keras_vae.objectives.total_correlation import DimensionwiseKL, MutualInformation, TotalCorrelation

__all__ = [
    "DIP",
    "IWAE",
    "KL",
    "MMD",
    "MSSSIM",
    "NLL",
    "STL",
    "TRAINABLE_PARTS",
    "Capacity",
    "CodeAdversarial",
    "CodeCritic",
    "CodeEntropy",
    "CodeNorm",
    "CodebookLoss",
    "Commitment",
    "Contractive",
    "CyclicalWarmup",
    "DReG",
    "DataAdversarial",
    "DataCritic",
    "DecoderGradient",
    "DensityRatio",
    "DimensionwiseKL",
    "FeatureSimilarity",
    "L1Activity",
    "LagrangeMultiplier",
    "LinearWarmup",
    "MutualInformation",
    "Objective",
    "Perceptual",
    "PermutationCritic",
    "PriorNLL",
    "Renyi",
    "SemiSupervisedELBO",
    "Sinkhorn",
    "SlicedWasserstein",
    "SparsityKL",
    "SquaredError",
    "StandardNormalKL",
    "Term",
    "TotalCorrelation",
    "kl_per_dimension",
    "log_weights",
    "marginal_bound",
]

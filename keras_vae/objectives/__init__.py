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
from keras_vae.objectives.codebook import CodebookLoss, Commitment
from keras_vae.objectives.importance import log_weights
from keras_vae.objectives.kl import KL, kl_per_dimension
from keras_vae.objectives.likelihood import NLL
from keras_vae.objectives.objective import PARTS, Objective, Term
from keras_vae.objectives.prior_fit import PriorNLL, StandardNormalKL
from keras_vae.objectives.schedules import CyclicalWarmup, LinearWarmup
from keras_vae.objectives.semi_supervised import SemiSupervisedELBO, marginal_bound

__all__ = [
    "KL",
    "NLL",
    "PARTS",
    "CodeAdversarial",
    "CodeCritic",
    "CodebookLoss",
    "Commitment",
    "CyclicalWarmup",
    "DataAdversarial",
    "DataCritic",
    "DensityRatio",
    "FeatureSimilarity",
    "LinearWarmup",
    "Objective",
    "PermutationCritic",
    "PriorNLL",
    "SemiSupervisedELBO",
    "StandardNormalKL",
    "Term",
    "kl_per_dimension",
    "log_weights",
    "marginal_bound",
]

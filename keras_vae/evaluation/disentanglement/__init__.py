"""Scores of the correspondence between latent dimensions and the factors that generated the data."""

from keras_vae.evaluation.disentanglement.beta_vae import beta_vae_score
from keras_vae.evaluation.disentanglement.dci import DCI, dci
from keras_vae.evaluation.disentanglement.explicitness import explicitness
from keras_vae.evaluation.disentanglement.factor_vae import factor_vae_score
from keras_vae.evaluation.disentanglement.information import mutual_information
from keras_vae.evaluation.disentanglement.irs import irs
from keras_vae.evaluation.disentanglement.mig import mig
from keras_vae.evaluation.disentanglement.modularity import modularity
from keras_vae.evaluation.disentanglement.sap import sap
from keras_vae.evaluation.disentanglement.scores import Disentanglement, disentanglement_scores
from keras_vae.evaluation.disentanglement.udr import udr

__all__ = [
    "DCI",
    "Disentanglement",
    "beta_vae_score",
    "dci",
    "disentanglement_scores",
    "explicitness",
    "factor_vae_score",
    "irs",
    "mig",
    "modularity",
    "mutual_information",
    "sap",
    "udr",
]

"""Families of distributions for posteriors q(z | x) and likelihoods p(x | z), one file per family."""

from functools import partial

from keras_vae.distributions.bernoulli import Bernoulli
from keras_vae.distributions.categorical import Categorical
from keras_vae.distributions.continuous_bernoulli import ContinuousBernoulli
from keras_vae.distributions.custom_distribution import CustomDistribution
from keras_vae.distributions.deterministic import Deterministic
from keras_vae.distributions.dirichlet import Dirichlet
from keras_vae.distributions.discrete_posterior import DiscretePosterior
from keras_vae.distributions.discretized_logistic import DiscretizedLogistic
from keras_vae.distributions.distribution_layer import DistributionLayer
from keras_vae.distributions.embedded_prior import EmbeddedPrior
from keras_vae.distributions.finite_scalar_quantizer import FiniteScalarQuantizer
from keras_vae.distributions.flow_distribution import FlowDistribution
from keras_vae.distributions.full_covariance_normal import FullCovarianceNormal
from keras_vae.distributions.hierarchical_posterior import HierarchicalPosterior
from keras_vae.distributions.inverse_autoregressive import InverseAutoregressive
from keras_vae.distributions.ladder import Ladder
from keras_vae.distributions.likelihood import Likelihood
from keras_vae.distributions.location_scale import Laplace, LocationScale, Logistic, StudentT
from keras_vae.distributions.lookup_free_quantizer import LookupFreeQuantizer
from keras_vae.distributions.masked import Masked
from keras_vae.distributions.negative_binomial import NegativeBinomial
from keras_vae.distributions.normal import Normal
from keras_vae.distributions.optimal_sigma_normal import OptimalSigmaNormal
from keras_vae.distributions.pixel_cnn_likelihood import PixelCNNLikelihood
from keras_vae.distributions.planar import Planar
from keras_vae.distributions.poisson import Poisson
from keras_vae.distributions.posterior import Posterior
from keras_vae.distributions.power_spherical import PowerSpherical
from keras_vae.distributions.quantized import Quantized
from keras_vae.distributions.real_nvp_posterior import RealNVPPosterior
from keras_vae.distributions.relaxed_categorical import RelaxedCategorical
from keras_vae.distributions.reparameterized import Reparameterized
from keras_vae.distributions.spatial_ladder import SpatialLadder
from keras_vae.distributions.table import Table
from keras_vae.distributions.vector_quantizer import VectorQuantizer

POSTERIORS = {
    "deterministic": Deterministic,
    "dirichlet": Dirichlet,
    "finite_scalar_quantizer": FiniteScalarQuantizer,
    "full_covariance_normal": FullCovarianceNormal,
    "inverse_autoregressive": InverseAutoregressive,
    "ladder": Ladder,
    "laplace": Laplace,
    "logistic": Logistic,
    "lookup_free_quantizer": LookupFreeQuantizer,
    "normal": Normal,
    "planar": Planar,
    "power_spherical": PowerSpherical,
    "real_nvp": RealNVPPosterior,
    "relaxed_categorical": RelaxedCategorical,
    "reparameterized": Reparameterized,
    "spatial_ladder": SpatialLadder,
    "student_t": StudentT,
    "vector_quantizer": VectorQuantizer,
}
"""Name -> posterior q(z | x); models and recipes accept these names for `posterior`."""

LIKELIHOODS = {
    "bernoulli": Bernoulli,
    "categorical": Categorical,
    "continuous_bernoulli": ContinuousBernoulli,
    "discretized_logistic": DiscretizedLogistic,
    "laplace": partial(Laplace, scale="shared"),
    "logistic": partial(Logistic, scale="shared"),
    "masked": Masked,
    "negative_binomial": NegativeBinomial,
    "normal": partial(Normal, scale="shared"),
    "normal_elementwise": partial(Normal, scale="elementwise"),
    "normal_fixed": partial(Normal, scale=1.0),
    "normal_optimal": OptimalSigmaNormal,
    "pixel_cnn": PixelCNNLikelihood,
    "poisson": Poisson,
    "student_t": partial(StudentT, scale="shared"),
    "table": Table,
}
"""Name -> likelihood p(x | z); models and recipes accept these names for `likelihood`."""

__all__ = [
    "LIKELIHOODS",
    "POSTERIORS",
    "Bernoulli",
    "Categorical",
    "ContinuousBernoulli",
    "CustomDistribution",
    "Deterministic",
    "Dirichlet",
    "DiscretePosterior",
    "DiscretizedLogistic",
    "DistributionLayer",
    "EmbeddedPrior",
    "FiniteScalarQuantizer",
    "FlowDistribution",
    "FullCovarianceNormal",
    "HierarchicalPosterior",
    "InverseAutoregressive",
    "Ladder",
    "Laplace",
    "Likelihood",
    "LocationScale",
    "Logistic",
    "LookupFreeQuantizer",
    "Masked",
    "NegativeBinomial",
    "Normal",
    "OptimalSigmaNormal",
    "PixelCNNLikelihood",
    "Planar",
    "Poisson",
    "Posterior",
    "PowerSpherical",
    "Quantized",
    "RealNVPPosterior",
    "RelaxedCategorical",
    "Reparameterized",
    "SpatialLadder",
    "StudentT",
    "Table",
    "VectorQuantizer",
]

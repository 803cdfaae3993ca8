"""Evaluation of a trained model: measurements, verdicts, pictures and pages.

Layout:
    evaluate        the six questions for one model
    budget          numbers of examples and samples
    examples        conversion of test data
    subject         the model with its data, and quantities that several questions use
    questions/      one question per file: from estimators to a `Result`
    result, measurement, picture
                    the result of a question
    comparison      comparison of several models
    evaluation_page, report
                    the page in HTML, and the files of a report

    annealed, latent, latent_use, kl_decomposition
                    likelihood and information
    path_length, mid_points, lipschitz, line_walks
                    continuity
    prior_gap, holes, round_trip
                    completeness
    anomalies, anomaly_measurements, neighbours, image_statistics
                    how strange examples are
    nearest_examples, attribute_directions
                    which examples are alike, and which direction changes an attribute
    features/, frechet, kid, prdc, data_copying
                    samples
    reconstruction_quality, image_quality, sharpness, grid_strength
                    reconstructions and images
    disentanglement/
                    scores for known factors
"""

from keras_vae.evaluation.annealed import annealed_log_likelihood
from keras_vae.evaluation.anomalies import ANOMALY_SCORES, AnomalyScorer, anomaly_scores
from keras_vae.evaluation.attribute_directions import AttributeDirections
from keras_vae.evaluation.budget import FULL, QUICK, Budget
from keras_vae.evaluation.comparison import Comparison, compare_results
from keras_vae.evaluation.data_copying import DataCopying, data_copying
from keras_vae.evaluation.disentanglement import (
    DCI,
    Disentanglement,
    beta_vae_score,
    dci,
    disentanglement_scores,
    explicitness,
    factor_vae_score,
    irs,
    mig,
    modularity,
    mutual_information,
    sap,
    udr,
)
from keras_vae.evaluation.evaluate import as_json, as_text, check_questions, evaluate
from keras_vae.evaluation.evaluation_page import evaluation_page
from keras_vae.evaluation.examples import Examples, read_examples
from keras_vae.evaluation.features import (
    ClassifierFeatures,
    EncoderFeatures,
    Features,
    InceptionFeatures,
    Pixels,
    PrincipalComponents,
    get_features,
)
from keras_vae.evaluation.frechet import frechet_distance
from keras_vae.evaluation.grid_strength import grid_strength
from keras_vae.evaluation.holes import Holes, holes
from keras_vae.evaluation.image_quality import mse, psnr, ssim
from keras_vae.evaluation.image_statistics import ImageStatistics
from keras_vae.evaluation.kid import KernelDistance, kernel_distance
from keras_vae.evaluation.kl_decomposition import KLDecomposition, decompose_kl
from keras_vae.evaluation.latent import condition_of, kl_per_dimension, variance_of_means
from keras_vae.evaluation.latent_use import LatentUse, latent_use
from keras_vae.evaluation.line_walks import LineWalks, line_walks
from keras_vae.evaluation.lipschitz import decoder_lipschitz
from keras_vae.evaluation.measurement import Measurement
from keras_vae.evaluation.mid_points import MidPoints, mid_points
from keras_vae.evaluation.nearest_examples import Codes, Nearest, codes_of, nearest
from keras_vae.evaluation.neighbours import NeighbourDistance
from keras_vae.evaluation.path_length import PathLengths, path_lengths
from keras_vae.evaluation.picture import Picture
from keras_vae.evaluation.prdc import PRDC, prdc
from keras_vae.evaluation.prior_gap import Gap, mmd_to_prior, sliced_wasserstein_to_prior
from keras_vae.evaluation.questions import QUESTIONS
from keras_vae.evaluation.reconstruction_quality import reconstruction_quality
from keras_vae.evaluation.report import verdict_of, write_report
from keras_vae.evaluation.result import Result
from keras_vae.evaluation.round_trip import RoundTrip, round_trip
from keras_vae.evaluation.sharpness import sharpness
from keras_vae.evaluation.subject import Subject

__all__ = [
    "ANOMALY_SCORES",
    "DCI",
    "FULL",
    "PRDC",
    "QUESTIONS",
    "QUICK",
    "AnomalyScorer",
    "AttributeDirections",
    "Budget",
    "ClassifierFeatures",
    "Codes",
    "Comparison",
    "DataCopying",
    "Disentanglement",
    "EncoderFeatures",
    "Examples",
    "Features",
    "Gap",
    "Holes",
    "ImageStatistics",
    "InceptionFeatures",
    "KLDecomposition",
    "KernelDistance",
    "LatentUse",
    "LineWalks",
    "Measurement",
    "MidPoints",
    "Nearest",
    "NeighbourDistance",
    "PathLengths",
    "Picture",
    "Pixels",
    "PrincipalComponents",
    "Result",
    "RoundTrip",
    "Subject",
    "annealed_log_likelihood",
    "anomaly_scores",
    "as_json",
    "as_text",
    "beta_vae_score",
    "check_questions",
    "codes_of",
    "compare_results",
    "condition_of",
    "data_copying",
    "dci",
    "decoder_lipschitz",
    "decompose_kl",
    "disentanglement_scores",
    "evaluate",
    "evaluation_page",
    "explicitness",
    "factor_vae_score",
    "frechet_distance",
    "get_features",
    "grid_strength",
    "holes",
    "irs",
    "kernel_distance",
    "kl_per_dimension",
    "latent_use",
    "line_walks",
    "mid_points",
    "mig",
    "mmd_to_prior",
    "modularity",
    "mse",
    "mutual_information",
    "nearest",
    "path_lengths",
    "prdc",
    "psnr",
    "read_examples",
    "reconstruction_quality",
    "round_trip",
    "sap",
    "sharpness",
    "sliced_wasserstein_to_prior",
    "ssim",
    "udr",
    "variance_of_means",
    "verdict_of",
    "write_report",
]

"""What a trained model is worth: figures, pictures and a page."""

from keras_vae.evaluation.frechet import frechet_distance
from keras_vae.evaluation.latent import condition_of, kl_per_dimension, variance_of_means
from keras_vae.evaluation.report import page, pictures, verdict
from keras_vae.evaluation.summary import summarize

__all__ = [
    "condition_of",
    "frechet_distance",
    "kl_per_dimension",
    "page",
    "pictures",
    "summarize",
    "variance_of_means",
    "verdict",
]

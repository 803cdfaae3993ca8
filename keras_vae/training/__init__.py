"""Training runs: configuration, run folder, and the way from one to the other."""

from keras_vae.training.config import TrainingConfig
from keras_vae.training.run import Run, environment
from keras_vae.training.train import build_model, evaluation_split, load_data, report, train

__all__ = ["Run", "TrainingConfig", "build_model", "environment", "evaluation_split", "load_data", "report", "train"]

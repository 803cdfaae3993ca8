"""Training runs: configuration, run folder, and the way from one to the other."""

from keras_vae.training.build import build_model, evaluation_split, fit_epochs, load_data
from keras_vae.training.config import TrainingConfig
from keras_vae.training.run import Run, environment
from keras_vae.training.train import train, write_report

__all__ = [
    "Run",
    "TrainingConfig",
    "build_model",
    "environment",
    "evaluation_split",
    "fit_epochs",
    "load_data",
    "train",
    "write_report",
]

"""Training runs: configuration, run folder, and the way from one to the other."""

from keras_vae.training.build import build_model, evaluation_data, evaluation_split, fit_epochs, load_data
from keras_vae.training.config import TrainingConfig
from keras_vae.training.report import write_quick_report, write_report
from keras_vae.training.run import Run, environment
from keras_vae.training.train import train

__all__ = [
    "Run",
    "TrainingConfig",
    "build_model",
    "environment",
    "evaluation_data",
    "evaluation_split",
    "fit_epochs",
    "load_data",
    "train",
    "write_quick_report",
    "write_report",
]

"""Hyper-parameter search with keras-tuner."""

from keras_vae.tuning.hyper_model import AutoencoderHyperModel
from keras_vae.tuning.search_space import Axis, default_space, parse_space
from keras_vae.tuning.tune import TUNERS, objective_of, tune

__all__ = ["TUNERS", "AutoencoderHyperModel", "Axis", "default_space", "objective_of", "parse_space", "tune"]

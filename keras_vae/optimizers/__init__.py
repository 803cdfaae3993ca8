"""Optimizers by name, a learning rate schedule, and a callback for averages of weights.

Any optimizer of Keras can train any model. This package contains only additions to Keras.
"""

from keras_vae.optimizers.adam import Adam
from keras_vae.optimizers.average_weights import AverageWeights
from keras_vae.optimizers.get import OPTIMIZERS, get
from keras_vae.optimizers.schedule_free_adamw import ScheduleFreeAdamW
from keras_vae.optimizers.warmup import Warmup

__all__ = ["OPTIMIZERS", "Adam", "AverageWeights", "ScheduleFreeAdamW", "Warmup", "get"]

"""Optimizers by name, their schedules, and the averages of weights that some keep.

Any optimizer of Keras trains any model; these are what Keras lacks.
"""

from keras_vae.optimizers.average_weights import AverageWeights
from keras_vae.optimizers.get import OPTIMIZERS, get, keeps_averages
from keras_vae.optimizers.schedule_free_adamw import ScheduleFreeAdamW
from keras_vae.optimizers.warmup import Warmup

__all__ = ["OPTIMIZERS", "AverageWeights", "ScheduleFreeAdamW", "Warmup", "get", "keeps_averages"]

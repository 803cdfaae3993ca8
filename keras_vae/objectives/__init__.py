"""Objectives: weighted sums of terms, in nats per example."""

from keras_vae.objectives.importance import log_weights
from keras_vae.objectives.kl import KL, kl_per_dimension
from keras_vae.objectives.likelihood import NLL
from keras_vae.objectives.objective import Objective, Term
from keras_vae.objectives.schedules import CyclicalWarmup, LinearWarmup

__all__ = ["KL", "NLL", "CyclicalWarmup", "LinearWarmup", "Objective", "Term", "kl_per_dimension", "log_weights"]

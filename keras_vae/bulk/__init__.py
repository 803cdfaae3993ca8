"""Inference with an export on more examples than fit in memory, on one machine or on Apache Beam."""

from keras_vae.bulk.infer import infer
from keras_vae.bulk.summary import Summary

__all__ = ["Summary", "infer"]

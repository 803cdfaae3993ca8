"""Priors p(z)."""

from keras_vae.priors.prior import Prior
from keras_vae.priors.standard_normal import StandardNormal

PRIORS = {"standard_normal": StandardNormal}

__all__ = ["PRIORS", "Prior", "StandardNormal"]

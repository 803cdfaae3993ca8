"""Families of distributions, as posteriors q(z | x) and as likelihoods p(x | z): one file per family."""

from functools import partial

from keras_vae.distributions.bernoulli import Bernoulli
from keras_vae.distributions.deterministic import Deterministic
from keras_vae.distributions.head import Head
from keras_vae.distributions.normal import Normal

POSTERIORS = {"deterministic": Deterministic, "normal": Normal}
LIKELIHOODS = {
    "bernoulli": Bernoulli,
    "normal": partial(Normal, scale="shared"),
    "normal_elementwise": partial(Normal, scale="elementwise"),
    "normal_fixed": partial(Normal, scale=1.0),
}

__all__ = ["LIKELIHOODS", "POSTERIORS", "Bernoulli", "Deterministic", "Head", "Normal"]

"""A VAE whose likelihood is known exactly."""

import keras
import numpy as np
from scipy.stats import multivariate_normal

import keras_vae as kv


def linear_model(dimensions, latent_dim, **likelihood):
    """p(x | z) = N(Wz + b, s^2 I) with a linear encoder: a VAE whose likelihood is known exactly."""
    return kv.Autoencoder(
        kv.MLPEncoder((dimensions,), ()),
        kv.MLPDecoder((latent_dim,), ()),
        likelihood=kv.Normal((dimensions,), **likelihood),
        objective=kv.NLL() + kv.KL(),
        seed=1,
    )


def linear_example():
    """A linear model, data from it, and the exact log p(x) of each example."""
    keras.utils.set_random_seed(0)
    model = linear_model(6, 2, scale=0.7)
    kernel, bias = model.likelihood.weights
    random = np.random.default_rng(0)
    weights = random.normal(size=(2, 6)).astype("float32")
    kernel.assign(weights)
    bias.assign(random.normal(size=6))
    covariance = weights.T @ weights + 0.7**2 * np.eye(6)
    exact = multivariate_normal(bias.numpy(), covariance)
    posterior = np.linalg.inv(weights @ weights.T / 0.49 + np.eye(2))
    loc = (posterior @ weights / 0.49).T
    scale = 1.3 * np.sqrt(np.diag(posterior))  # near the exact posterior, and not on it
    posterior_kernel, posterior_bias = model.posterior.weights
    posterior_kernel.assign(np.concatenate([loc, np.zeros_like(loc)], axis=1))
    posterior_bias.assign(np.concatenate([0.2 - bias.numpy() @ loc, np.log(np.expm1(scale))]))
    x = exact.rvs(40, random_state=0).astype("float32")
    return model, x, exact.logpdf(x)

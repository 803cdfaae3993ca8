"""Traces for terms that look at codes: posteriors, draws and a prior, and nothing else of interest."""

import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

import keras_vae as kv

tfd = tfp.distributions


def trace_of_latent(posterior, z, prior, *, seed=0, x=None):
    """A trace with this posterior q(z | x), draws `(S, B, *latent_shape)` and prior."""
    z = tf.convert_to_tensor(z, tf.float32)
    return kv.Trace(
        x=tf.zeros((z.shape[1], 1)) if x is None else x,
        latents=(kv.Latent(posterior, prior, z),),
        likelihood=tfd.Independent(tfd.Normal(z, 1.0), z.shape.rank - 2),
        step=tf.constant(0),
        seed=tf.constant([7, seed]),
        encode=None,
        decode=None,
        extras={},
    )


def trace_of_normals(loc, scale, samples=1, *, seed=0):
    """A trace with the posterior N(loc, scale^2) and the standard normal prior."""
    loc, scale = tf.convert_to_tensor(loc, tf.float32), tf.convert_to_tensor(scale, tf.float32)
    posterior = tfd.Independent(tfd.Normal(loc, scale), loc.shape.rank - 1)
    prior = kv.StandardNormalPrior(tuple(loc.shape[1:])).distribution()
    return trace_of_latent(posterior, posterior.sample(samples, seed=(1, 2 + seed)), prior, seed=seed)


def trace_of_codes(codes, prior=None, *, seed=0):
    """A trace with all mass on these codes `(B, *latent_shape)`; the prior is standard normal by default."""
    codes = tf.convert_to_tensor(codes, tf.float32)
    prior = kv.StandardNormalPrior(tuple(codes.shape[1:])).distribution() if prior is None else prior
    posterior = tfd.Independent(tfd.Deterministic(codes), codes.shape.rank - 1)
    return trace_of_latent(posterior, codes[tf.newaxis], prior, seed=seed)


class FixedDraws:
    """The standard normal prior as far as its density goes, with draws that are the same with and without XLA."""

    def __init__(self, draws):
        self.draws = tf.constant(draws)
        self.log_prob = kv.StandardNormalPrior(tuple(draws.shape[1:])).distribution().log_prob

    def sample(self, n, seed):
        return self.draws[:n]


def normal(*shape, seed=0):
    """Standard normal numbers."""
    return np.random.default_rng(seed).normal(size=shape).astype("float32")

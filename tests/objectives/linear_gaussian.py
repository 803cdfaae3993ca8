"""A model of which everything is known: z ~ N(0, I), x = z W + s * noise, with W W^T diagonal."""

import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp
from scipy.stats import multivariate_normal

import keras_vae as kv

tfd = tfp.distributions

W = np.array([[1.0, 0.5, -0.5], [0.5, -1.0, 0.0]], "float32")
S = 0.8
X = np.array([[0.3, -0.2, 1.0], [2.0, 0.1, -1.5]], "float32")
LOC = np.array([[0.4, -0.3], [0.9, 0.2]], "float32")
SCALE = np.array([[0.9, 0.7], [0.7, 0.8]], "float32")


def log_likelihood(x=X):
    return multivariate_normal(np.zeros(3), W.T @ W + S**2 * np.eye(3)).logpdf(x)


def true_posterior(x=X):
    """The location and the scale of p(z | x)."""
    variance = 1 / (np.diag(W @ W.T) / S**2 + 1)
    return (x @ W.T / S**2 * variance).astype("float32"), np.sqrt(np.tile(variance, (len(x), 1))).astype("float32")


def elbo(loc=LOC, scale=SCALE, x=X):
    kl = 0.5 * (scale**2 + loc**2 - 1 - 2 * np.log(scale)).sum(1)
    error = ((x - loc @ W) ** 2).sum(1) + scale**2 @ (W**2).sum(1)
    return -error / (2 * S**2) - 1.5 * np.log(2 * np.pi * S**2) - kl


def trace_of(loc=LOC, scale=SCALE, *, samples, x=X, weights=W, seed=1):
    """A trace of these parameters; its noise is the same in graph mode and under XLA."""
    posterior = tfd.Independent(tfd.Normal(loc, scale), 1)
    noise = np.random.default_rng(seed).normal(size=(samples, *loc.shape)).astype("float32")
    z = loc + scale * noise

    def decode(z):
        return tfd.Independent(tfd.Normal(tf.linalg.matvec(weights, z, transpose_a=True), S), 1)

    return kv.Trace(
        x=tf.constant(x),
        latents=(kv.Latent(posterior, kv.StandardNormalPrior(2).distribution(), z),),
        likelihood=decode(z),
        step=tf.constant(0),
        seed=tf.constant([0, 7]),
        encode=lambda x: tfd.Independent(tfd.Normal(x @ tf.transpose(weights), 1.0), 1),
        decode=decode,
        extras={},
    )


def gradients(term, loc=LOC[0], scale=SCALE[0], *, rows, x=X[0], seed=1):
    """Independent draws of the term's gradient with respect to the location and the log-scale, `(rows, 4)`."""
    loc, log_scale = tf.tile(loc[None], (rows, 1)), tf.tile(np.log(scale)[None], (rows, 1))
    with tf.GradientTape() as tape:
        tape.watch([loc, log_scale])
        trace = trace_of(loc, tf.exp(log_scale), samples=term.samples, x=np.tile(x, (rows, 1)), seed=seed)
        total = tf.reduce_sum(term(trace))
    return np.concatenate(tape.gradient(total, [loc, log_scale]), axis=1)
